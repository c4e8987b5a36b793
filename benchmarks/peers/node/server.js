// Socket.IO on Node: `node server.js PORT CONTROL_PORT`. The lines of the control connection are
// described in benchmarks/load/main.c.
"use strict";

const http = require("node:http");
const net = require("node:net");
const { Server } = require("socket.io");

const [port, controlPort] = process.argv.slice(2).map(Number);
const PATIENCE_MS = 60_000;

const server = http.createServer();
const io = new Server(server, { serveClient: false });
const sockets = [];

io.on("connection", (socket) => {
  sockets.push(socket);
  socket.on("disconnect", () => sockets.splice(sockets.indexOf(socket), 1));
});

function broadcast(count, isAcked, data, reply) {
  let open = count;
  for (let i = 0; i < count; i++) {
    if (!isAcked) {
      io.emit("notification", data);
      continue;
    }
    io.timeout(PATIENCE_MS).emit("notification", data, (error) => {
      open -= 1;
      if (!error && open === 0) reply("done\n");
    });
  }
}

function take(line, reply) {
  const [verb, number] = line.split(" ", 2);
  const data = JSON.parse(line.slice(line.indexOf("{")));
  if (verb === "u") sockets[Number(number)].emit("notification", data);
  else broadcast(Number(number), line.split(" ", 3)[2] === "1", data, reply);
}

const control = net.createServer((connection) => {
  let buffer = "";
  connection.setNoDelay(true);
  connection.on("data", (data) => {
    const lines = (buffer + data).split("\n");
    buffer = lines.pop();
    for (const line of lines) take(line, (text) => connection.write(text));
  });
  connection.on("error", () => {});
});

server.listen({ port, host: "127.0.0.1", backlog: 4096 }, () => {
  control.listen(controlPort, "127.0.0.1");
});
