/** All of the client. Whoever takes a part of it has the weight of that part alone. */

export * from "./api.js";
export * from "./mirror.js";
export * from "./watch.js";
