/* Many clients of one server: connect, read, answer, count. */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <stddef.h>
#include <stdint.h>

enum protocol { SOCKETIO, CHANNELS, CENTRIFUGE };

struct options {
    enum protocol protocol;
    int port;
    int is_full_connect; /* a client is ready at replay_done, not at the CONNECT packet */
    const char *path;    /* of the WebSocket */
    char **hellos;       /* one per client, in turn: what it says of itself */
    size_t hello_count;
};

/* What happened since the start, or since totals_reset. */
struct totals {
    uint64_t deliveries, bytes, acks, reads, other_events;
    uint64_t retries, lost_connections;
};

extern struct totals totals;
extern struct options options;

/* Keep the latency of each delivery from now on (1) or no more (0). */
void latency_record(int is_on);

/* Microseconds below which a share of the deliveries lie; sorts. */
double latency_percentile(double share);
size_t latency_count(void);

uint64_t now_us(void);

void clients_start(int epoll_fd);

/* Connect more clients, at most in_flight of them at a time; returns how many are ready in all. */
void clients_add(size_t count, size_t in_flight);
size_t clients_ready(void);
size_t clients_wanted(void);
void clients_close(void);

/* Handle what epoll said about a client; index as given in epoll_data. */
void clients_handle(uint32_t index, uint32_t events);

#endif
