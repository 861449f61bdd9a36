// Names that a module uses without having them, and imports that it does not use:
// node --expose-internals frontend_names.mjs FILE...
// The parser is the one that Node brings along, so that nothing has to be installed.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { runInNewContext } from "node:vm";

const { parse } = createRequire(import.meta.url)("internal/deps/acorn/acorn/dist/acorn");

// Of the browser, what the frontend may use without a word.
const BROWSER = [
  "document", "location", "navigator", "performance", "window",
  "requestAnimationFrame", "cancelAnimationFrame", "setTimeout", "clearTimeout",
  "getComputedStyle", "matchMedia", "structuredClone", "atob",
  "ImageData", "MutationObserver", "ResizeObserver", "TextDecoder", "URL",
];
const KNOWN = new Set([...runInNewContext("Object.getOwnPropertyNames(globalThis)"), ...BROWSER]);

function namesIn(pattern) {
  switch (pattern?.type) {
    case "Identifier": return [pattern.name];
    case "ObjectPattern": return pattern.properties.flatMap((one) => namesIn(one.value ?? one));
    case "ArrayPattern": return pattern.elements.flatMap(namesIn);
    case "AssignmentPattern": return namesIn(pattern.left);
    case "RestElement": return namesIn(pattern.argument);
    default: return [];
  }
}

// Names that statements declare for the block that they are in.
function declaredBy(statements) {
  return statements.flatMap((statement) => {
    const declaration = statement?.declaration ?? statement;
    switch (declaration?.type) {
      case "VariableDeclaration": return declaration.declarations.flatMap(({ id }) => namesIn(id));
      case "FunctionDeclaration":
      case "ClassDeclaration": return namesIn(declaration.id);
      case "ImportDeclaration": return declaration.specifiers.map(({ local }) => local.name);
      default: return [];
    }
  });
}

// Names that a node brings for all that is in it.
function broughtBy(node) {
  switch (node.type) {
    case "Program":
    case "StaticBlock":
    case "BlockStatement": return declaredBy(node.body);
    case "SwitchStatement": return declaredBy(node.cases.flatMap(({ consequent }) => consequent));
    case "ForStatement": return declaredBy([node.init]);
    case "ForInStatement":
    case "ForOfStatement": return declaredBy([node.left]);
    case "CatchClause": return namesIn(node.param);
    case "ClassExpression": return namesIn(node.id);
    case "ArrowFunctionExpression": return node.params.flatMap(namesIn);
    case "FunctionDeclaration":
    case "FunctionExpression": return ["arguments", ...namesIn(node.id), ...node.params.flatMap(namesIn)];
    default: return [];
  }
}

// Children in which names are looked up: no keys, no labels, not the names of an import.
function lookedUpIn(node) {
  const { type, computed } = node;
  if (["ImportDeclaration", "BreakStatement", "ContinueStatement", "MetaProperty"].includes(type)) return [];
  if (type === "LabeledStatement") return [node.body];
  if (type === "MemberExpression" && !computed) return [node.object];
  if (["Property", "MethodDefinition", "PropertyDefinition"].includes(type) && !computed) return [node.value];
  return Object.values(node).flat().filter((child) => typeof child?.type === "string");
}

function complaints(text) {
  const tree = parse(text, { ecmaVersion: "latest", sourceType: "module", locations: true });
  const unused = new Map(
    tree.body.filter(({ type }) => type === "ImportDeclaration").flatMap(({ specifiers, loc }) =>
      specifiers.map(({ local }) => [local.name, loc.start.line])),
  );
  const found = [];
  const walk = (node, scopes) => {
    if (node.type === "VariableDeclaration" && node.kind === "var") found.push([node.loc.start.line, "var"]);
    if (node.type === "Identifier") {
      const scope = scopes.findLast((names) => names.has(node.name));
      if (!scope && !KNOWN.has(node.name)) found.push([node.loc.start.line, `unknown ${node.name}`]);
      if (scope === scopes[0]) unused.delete(node.name);
      return;
    }
    const brought = broughtBy(node);
    const inner = brought.length || !scopes.length ? [...scopes, new Set(brought)] : scopes;
    for (const child of lookedUpIn(node)) walk(child, inner);
  };
  walk(tree, []);
  for (const [name, line] of unused) found.push([line, `unused ${name}`]);
  return found;
}

for (const file of process.argv.slice(2)) {
  // This parser is older than the attributes of an import, which say nothing about names.
  const text = readFileSync(file, "utf8").replace(/ with \{ type: "json" \}/g, "");
  for (const [line, what] of complaints(text)) console.log(`${basename(file)}, line ${line}: ${what}`);
}
