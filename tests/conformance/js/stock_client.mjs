// The stock socket.io-client against the echo application: one JSON object with what happened.
// Usage: node stock_client.mjs <package.json that has it> <url> <options of the client as JSON>
import { createRequire } from "node:module";

const [packageFile, url, options] = process.argv.slice(2);
const { io } = createRequire(packageFile)("socket.io-client");
const PATIENCE = 8000;

const within = (promise, what) =>
  Promise.race([
    promise,
    new Promise((_, reject) => setTimeout(() => reject(new Error(`no ${what}`)), PATIENCE).unref()),
  ]);
const next = (emitter, event) =>
  within(new Promise((resolve) => emitter.once(event, (...args) => resolve(args))), event);
const ask = (socket, ...args) => socket.timeout(PATIENCE).emitWithAck("message-with-ack", ...args);

const settings = {
  auth: { token: "123" },
  reconnectionDelay: 50,
  reconnectionDelayMax: 100,
  forceNew: true,
  ...JSON.parse(options),
};
const socket = io(url, settings);
const seen = { disconnects: [] };
socket.on("disconnect", (reason) => seen.disconnects.push(reason));
socket.on("ask", (value, ack) => ack(value, "answered"));

const auth = next(socket, "auth");
await next(socket.io, "open");
const engine = socket.io.engine;
seen.first = engine.transport.name;
const upgraded = settings.transports.length > 1 ? next(engine, "upgrade") : Promise.resolve();
if (!socket.connected) await next(socket, "connect");
[seen.auth] = await auth;

// the burst runs into the upgrade where there is one
const numbers = [...Array(40).keys()];
seen.burst = await Promise.all(numbers.map((number) => ask(socket, number)));
await upgraded;
seen.transport = engine.transport.name;
seen.burstAfter = await Promise.all(numbers.map((number) => ask(socket, number)));

const back = next(socket, "message-back");
socket.emit("message", 1, "2", { 3: [true] });
seen.back = await back;
const large = "ü".repeat(450_000);
seen.large = (await ask(socket, large)) === large;

const custom = socket.io.socket("/custom");
await next(custom, "connect");
seen.custom = await ask(custom, "there");
custom.disconnect();
seen.main = await ask(socket, "here");
const unknown = socket.io.socket("/random");
[seen.unknown] = (await next(unknown, "connect_error")).map((error) => error.message);
unknown.disconnect();

if (settings.binary) {
  const echoed = await ask(socket, Buffer.from([1, 2, 3]), { deep: Buffer.from([4]) });
  seen.binary = [...echoed];
}

const before = socket.id;
const connected = next(socket, "connect");
socket.emit("cut");
await connected;
seen.renewed = socket.id !== before;
seen.again = await ask(socket, "again");
socket.disconnect();

console.log(JSON.stringify(seen));
