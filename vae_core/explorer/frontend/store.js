// Models by id, shared by all components of the page: one component receives a model's bytes
// once, the panels look it up. A panel that comes first is called back.

import { unpackModel } from "./decoder.js";

export const store = (globalThis.vaeModels ??= { models: new Map(), waiting: new Map() });

export function offerModel(bytes) {
  const model = unpackModel(bytes);
  if (store.models.has(model.id)) return;
  store.models.set(model.id, model);
  const callbacks = store.waiting.get(model.id) ?? [];
  store.waiting.delete(model.id);
  callbacks.forEach((callback) => callback());
}

export function withModel(id, callback) {
  if (store.models.has(id)) return callback();
  store.waiting.set(id, [...(store.waiting.get(id) ?? []), callback]);
}
