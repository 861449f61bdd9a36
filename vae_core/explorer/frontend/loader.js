// The meeting point of the page's components: the one that brings the code, and those that use
// it, whichever comes first.

const page = (globalThis.vaeExplorer ??= {
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
