// The global where the page's components meet: the one that brings the code, and those that use
// it, whichever comes first.

export const page = (globalThis.vaeExplorer ??= {
  code: null,
  waiting: [],
  define(code) {
    this.code = code;
    this.waiting.splice(0).forEach((callback) => callback(code));
  },
  whenDefined(callback) {
    if (this.code) callback(this.code);
    else this.waiting.push(callback);
  },
});
