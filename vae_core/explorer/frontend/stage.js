// Explore's stage: two lanes under one noise, one ε and one pointer.

import { markAnswers } from "./answer.js";
import { epsilonOf, whenEpsilon } from "./epsilon.js";
import GLOSSARY from "./glossary.json" with { type: "json" };
import { Lane } from "./lane.js";
import { lightUp, linkSymbols } from "./symbols.js";
import { currentTheme } from "./theme.js";

const stages = new WeakMap(); // per instance: Streamlit calls the function below again and again
const SETTLED = 180; // milliseconds without a change, after which the server is asked
const MOST_SEED = 2 ** 31;

class Stage {
  constructor(root, send) {
    Object.assign(this, { root, send, lanes: [], calls: 0, local: null });
    this.element = (selector) => root.querySelector(selector);
    const noise = this.element(".noise");
    noise.oninput = () => this.change({ scale: Number(noise.value) });
    noise.onchange = () => this.ask();
    this.element(".new-epsilon").onclick = () => {
      this.change({ seed: (this.local.seed + 1) % MOST_SEED });
      this.ask();
    };
    this.element(".signs").innerHTML = Object.entries(GLOSSARY)
      .map(([key, { sign }]) => `<button type="button" class="s" data-symbol="${key}">${sign}</button>`)
      .join("");
  }

  update(data) {
    this.theme = currentTheme(this.root.host ?? this.root);
    this.element(".stage").dataset.theme = this.theme.name;
    this.data = data;
    const { scale, seed, k } = data;
    const asked = this.local?.asked;
    // What was changed here and not answered yet stays; the answer to it confirms it.
    const waits = asked && !(asked.scale === scale && asked.seed === seed);
    const changing = waits || (this.local && this.timer);
    if (!changing) this.local = { scale, seed, k, epsilon: null, confirmed: true, asked: null };
    this.showControls();
    this.mount(data.lanes);
    this.lanes.forEach((lane, i) => lane.show(data.lanes[i], this.theme, this.local));
    linkSymbols(this.element(".stage"), (symbol) => this.showMeaning(symbol));
    // A step of the tour: lit until the pointer lights up something else.
    if (data.pointed !== (this.pointed ?? "")) lightUp(data.pointed || null);
    this.pointed = data.pointed;
  }

  // One lane a model, in its place; a lane that stays keeps its plane.
  mount(wanted) {
    const keys = wanted.map(({ key }) => key);
    this.lanes = this.lanes.filter((lane) => {
      const stays = keys.includes(lane.root.dataset.key);
      if (!stays) lane.remove();
      return stays;
    });
    this.lanes = keys.map((key) => this.lanes.find((lane) => lane.root.dataset.key === key) ?? this.lane(key));
    const place = (parent, child, i) => {
      if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
    };
    this.lanes.forEach((lane, i) => {
      place(this.element(".lanes"), lane.root, i);
      place(this.element(".sides"), lane.rest, i);
    });
    this.element(".lanes").classList.toggle("single", this.lanes.length === 1);
  }

  lane(key) {
    return new Lane(key, {
      pick: (picked) => this.send("pick", picked.z ? { ...picked, by: key } : picked),
      hover: (lane, z, image, px, py) => this.hover(lane, z, image, px, py),
      look: (lane, view) => this.look(lane, view),
      scale: (scale, done) => {
        this.change({ scale });
        if (done) this.ask();
      },
      top: () => Math.max(12, ...this.lanes.map((one) => (one.data ? one.height : 0))),
      whenRule: whenEpsilon,
      ready: () => this.share(),
    });
  }

  // --- noise and ε --------------------------------------------------------------------------

  change(changes) {
    if (!this.data || !this.local) return;
    const { scale, seed } = { ...this.local, ...changes };
    const { k } = this.data;
    const confirmed = scale === this.data.scale && seed === this.data.seed;
    const other = seed !== this.data.seed;
    const epsilon = epsilonOf(seed, k);
    this.local = { scale, seed, k, epsilon, confirmed, asked: this.local.asked };
    this.showControls();
    if (!other || epsilon) this.lanes.forEach((lane) => lane.draw(this.local));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), SETTLED);
  }

  // Has the server follow.
  ask() {
    clearTimeout(this.timer);
    this.timer = null;
    const { scale, seed } = this.local;
    const last = this.local.asked ?? this.data;
    if (scale === last.scale && seed === last.seed) return;
    this.local.asked = { scale, seed };
    this.send("noise", { scale, seed });
  }

  showControls() {
    const { scale } = this.local;
    const noise = this.element(".noise");
    if (Number(noise.value) !== scale) noise.value = scale;
    this.element(".noise-value").textContent = scale.toFixed(2).replace(/0$/, "");
    this.element(".stage").classList.toggle("waiting", !this.local.confirmed);
    markAnswers(!this.local.confirmed);
  }

  // --- planes -------------------------------------------------------------------------------

  // Both planes show the same part of the plane, by default what both clouds need.
  share() {
    const halves = this.lanes.filter((lane) => lane.model).map((lane) => lane.model.half);
    const extent = Math.max(...halves);
    for (const lane of this.lanes) {
      const { plane } = lane;
      const wasHome = plane.extent === undefined || (plane.half === plane.extent && !plane.centre[0]);
      plane.extent = extent;
      if (wasHome && plane.model) plane.home();
    }
  }

  look(source, { centre, half }) {
    for (const lane of this.lanes) if (lane !== source) lane.plane.follow(centre, half);
  }

  hover(source, z, image, px, py) {
    for (const lane of this.lanes) {
      const own = lane === source;
      lane.plane.ghost = own ? null : z;
      if (!own) lane.plane.draw();
      if (!z || !lane.model) {
        lane.showHover(null);
        continue;
      }
      const { labels, phrases } = lane.model;
      const kind = own && image !== null ? phrases[labels[image]] : "";
      const at = `decoded at z = ${z.map((v) => v.toFixed(2).replace("-", "−")).join(", ")}`;
      const dot = own && image !== null ? `; the dot: test image ${image}${kind ? `, ${kind}` : ""}` : "";
      const [x, y] = own ? [px, py] : lane.plane.toScreen(...z);
      lane.showHover(z, at + dot, x, y);
    }
  }

  // --- symbols ------------------------------------------------------------------------------

  showMeaning(symbol) {
    this.element(".meaning").textContent = GLOSSARY[symbol]?.meaning ?? "Point at a symbol: what it means, and where it occurs.";
    for (const lane of this.lanes) {
      lane.plane.lit = symbol;
      lane.plane.draw();
      lane.seeSaw.paint();
    }
  }

  remove() {
    clearTimeout(this.timer);
    this.lanes.forEach((lane) => lane.remove());
    lightUp(null);
  }
}

export function showStage({ data, parentElement, setTriggerValue }) {
  let stage = stages.get(parentElement);
  if (!stage) {
    stage = new Stage(parentElement, setTriggerValue);
    stages.set(parentElement, stage);
  }
  stage.send = setTriggerValue;
  const call = ++stage.calls;
  stage.update(JSON.parse(new TextDecoder().decode(data)));
  return () => {
    // Streamlit also ends a call that newer data overtook: the stage is in use then.
    if (call !== stage.calls) return;
    stage.remove();
    stages.delete(parentElement);
  };
}
