#include "clients.h"

#include "buffer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SCRATCH = 1 << 19, STAMP_WITHIN = 160 };

enum state { IDLE, CONNECTING, UPGRADING, JOINING, READY };

struct client {
    int fd;
    enum state state;
    uint32_t watched;
    struct buffer in, out;
};

struct totals totals;
struct options options;

static struct client *clients;
static size_t wanted, ready, opening, in_flight_limit, next_idle;
static int epoll_fd;
static char scratch[SCRATCH];

static uint32_t *latencies;
static size_t latencies_used, latencies_size;
static int is_recording;

uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* -- latencies -------------------------------------------------------------------------------- */

void latency_record(int is_on)
{
    is_recording = is_on;
    if (is_on)
        latencies_used = 0;
}

size_t latency_count(void)
{
    return latencies_used;
}

static int by_value(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

double latency_percentile(double share)
{
    if (!latencies_used)
        return 0;
    qsort(latencies, latencies_used, sizeof *latencies, by_value);
    return latencies[(size_t)(share * (double)(latencies_used - 1) + 0.5)];
}

static void record(const char *text, size_t length)
{
    size_t within = length < STAMP_WITHIN ? length : STAMP_WITHIN;
    const char *stamp = memmem(text, within, "\"t\":", 4);
    if (!stamp)
        return;
    if (stamp[4] == ' ') /* some encoders put a space there */
        stamp++;
    uint64_t sent = strtoull(stamp + 4, NULL, 10);
    if (latencies_used == latencies_size) {
        latencies_size = latencies_size ? latencies_size * 2 : 1 << 16;
        latencies = realloc(latencies, latencies_size * sizeof *latencies);
        if (!latencies)
            abort();
    }
    latencies[latencies_used++] = (uint32_t)(now_us() - sent);
}

/* -- connections ------------------------------------------------------------------------------ */

static uint32_t index_of(const struct client *client)
{
    return (uint32_t)(client - clients);
}

static void watch(struct client *client, uint32_t events, int operation)
{
    struct epoll_event event = {.events = events, .data.u32 = index_of(client)};
    client->watched = events;
    epoll_ctl(epoll_fd, operation, client->fd, &event);
}

static const char *hello_of(const struct client *client)
{
    return options.hello_count ? options.hellos[index_of(client) % options.hello_count] : "";
}

static void flush(struct client *client)
{
    size_t done = 0;
    while (done < client->out.length) {
        ssize_t sent = send(client->fd, client->out.bytes + done, client->out.length - done,
                            MSG_NOSIGNAL);
        if (sent < 0)
            break;
        done += (size_t)sent;
    }
    buffer_drop(&client->out, done);
    uint32_t events = client->out.length ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (events != client->watched)
        watch(client, events, EPOLL_CTL_MOD);
}

static void fill(void);

static void forget(struct client *client)
{
    close(client->fd);
    buffer_free(&client->in);
    buffer_free(&client->out);
    client->state = IDLE;
}

/* The server ended it. A client that was not ready yet tries again. */
static void lose(struct client *client)
{
    if (client->state == READY) {
        ready--;
        totals.lost_connections++;
        forget(client);
        return;
    }
    opening--;
    totals.retries++;
    forget(client);
    if (index_of(client) < next_idle)
        next_idle = index_of(client);
}

static void become_ready(struct client *client)
{
    if (client->state == READY)
        return;
    client->state = READY;
    ready++;
    opening--;
    fill();
}

static void upgrade(struct client *client)
{
    char request[4096];
    const char *query = options.protocol == CHANNELS ? hello_of(client) : "";
    int length = snprintf(request, sizeof request,
                          "GET %s%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                          "Sec-WebSocket-Version: 13\r\n\r\n",
                          options.path, query, options.port);
    client->state = UPGRADING;
    buffer_add(&client->out, request, (size_t)length);
    flush(client);
}

static void open_client(struct client *client)
{
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0) {
        perror("socket");
        exit(1);
    }
    int yes = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->state = CONNECTING;
    opening++;
    watch(client, EPOLLOUT, EPOLL_CTL_ADD);
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address) < 0
        && errno != EINPROGRESS)
        lose(client);
}

static void fill(void)
{
    while (opening < in_flight_limit && next_idle < wanted) {
        struct client *client = &clients[next_idle++];
        if (client->state == IDLE)
            open_client(client);
    }
}

void clients_start(int fd)
{
    epoll_fd = fd;
}

void clients_add(size_t count, size_t in_flight)
{
    struct client *grown = realloc(clients, (wanted + count) * sizeof *clients);
    if (!grown)
        abort();
    clients = grown;
    memset(clients + wanted, 0, count * sizeof *clients);
    next_idle = wanted;
    wanted += count;
    in_flight_limit = in_flight;
    fill();
}

size_t clients_ready(void)
{
    return ready;
}

size_t clients_wanted(void)
{
    fill(); /* those that were refused try again */
    return wanted;
}

void clients_close(void)
{
    for (size_t i = 0; i < wanted; i++)
        if (clients[i].state != IDLE)
            forget(&clients[i]);
    wanted = ready = opening = next_idle = 0;
}

/* -- what servers say ------------------------------------------------------------------------- */

static int starts(const char *text, size_t length, const char *prefix)
{
    size_t size = strlen(prefix);
    return length >= size && memcmp(text, prefix, size) == 0;
}

static void answer(struct client *client, const char *text, size_t length)
{
    buffer_add_frame(&client->out, OP_TEXT, text, length);
}

static void delivered(const char *text, size_t length)
{
    totals.deliveries++;
    if (is_recording)
        record(text, length);
}

static void take_event(struct client *client, const char *text, size_t length)
{
    size_t at = 2;
    while (at < length && text[at] >= '0' && text[at] <= '9')
        at++;
    const char *body = text + at;
    size_t left = length - at;
    if (!starts(body, left, "[\"notification\",")) {
        totals.other_events++;
        if (options.is_full_connect && starts(body, left, "[\"replay_done\","))
            become_ready(client);
        return;
    }
    delivered(body, left);
    if (at > 2 && at < 32) {
        char ack[40];
        memcpy(ack, text, at);
        ack[1] = '3';
        memcpy(ack + at, "[]", 2);
        answer(client, ack, at + 2);
        totals.acks++;
    }
}

/* Returns 0 when the server has sent the client away. */
static int take_socketio(struct client *client, const char *text, size_t length)
{
    if (starts(text, length, "42")) {
        take_event(client, text, length);
    } else if (length == 1 && text[0] == '2') {
        answer(client, "3", 1);
    } else if (starts(text, length, "40")) {
        if (!options.is_full_connect)
            become_ready(client);
    } else if (starts(text, length, "0")) {
        char connect[4096];
        int size = snprintf(connect, sizeof connect, "40%s", hello_of(client));
        answer(client, connect, (size_t)size);
    } else if (starts(text, length, "44") || starts(text, length, "41")
               || starts(text, length, "1")) {
        return 0;
    }
    return 1;
}

/* {"id": 7, "notification": …}: an acknowledgement is wanted; without id none is. */
static int take_channels(struct client *client, const char *text, size_t length)
{
    delivered(text, length);
    if (starts(text, length, "{\"id\":")) {
        char ack[64];
        unsigned long long id = strtoull(text + 6, NULL, 10);
        answer(client, ack, (size_t)snprintf(ack, sizeof ack, "{\"ack\":%llu}", id));
        totals.acks++;
    }
    return 1;
}

/* One frame holds one or more replies, one a line. */
static int take_centrifuge(struct client *client, const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t size = (size_t)((stop ? stop : end) - text);
        if (starts(text, size, "{\"push\":")) {
            delivered(text, size);
        } else if (size == 2) {
            answer(client, "{}", 2);
        } else if (starts(text, size, "{\"id\":1,\"connect\"")) {
            become_ready(client);
        }
        text += size + 1;
    }
    return 1;
}

static int take_frame(struct client *client, const struct frame *frame)
{
    switch (frame->opcode) {
    case OP_TEXT:
        switch (options.protocol) {
        case SOCKETIO:
            return take_socketio(client, frame->payload, frame->length);
        case CHANNELS:
            return take_channels(client, frame->payload, frame->length);
        case CENTRIFUGE:
            return take_centrifuge(client, frame->payload, frame->length);
        }
        return 0;
    case OP_PING:
        buffer_add_frame(&client->out, OP_PONG, frame->payload, frame->length);
        return 1;
    case OP_CLOSE:
        return 0;
    default:
        return 1;
    }
}

/* The end of the HTTP answer; 0: not whole yet, -1: it is a refusal. */
static long take_upgrade(struct client *client, const char *text, size_t length)
{
    const char *end = memmem(text, length, "\r\n\r\n", 4);
    if (!end)
        return 0;
    if (length < 12 || memcmp(text + 9, "101", 3) != 0)
        return -1;
    client->state = JOINING;
    if (options.protocol == CENTRIFUGE) {
        static const char connect[] = "{\"id\":1,\"connect\":{}}";
        answer(client, connect, sizeof connect - 1);
    } else if (options.protocol == CHANNELS) {
        become_ready(client);
    }
    return end + 4 - text;
}

/* Returns the bytes that were used, -1 when the connection is over. */
static long take(struct client *client, const char *text, size_t length)
{
    size_t used = 0;
    if (client->state == UPGRADING) {
        long size = take_upgrade(client, text, length);
        if (size <= 0)
            return size;
        used = (size_t)size;
    }
    struct frame frame;
    for (;;) {
        long size = frame_parse(text + used, length - used, &frame);
        if (size == 0)
            return (long)used;
        if (size < 0 || !take_frame(client, &frame))
            return -1;
        used += (size_t)size;
    }
}

static void read_client(struct client *client)
{
    size_t kept = client->in.length;
    if (kept == SCRATCH) {
        lose(client);
        return;
    }
    if (kept)
        memcpy(scratch, client->in.bytes, kept);
    ssize_t size = recv(client->fd, scratch + kept, SCRATCH - kept, 0);
    if (size <= 0) {
        if (size == 0 || errno != EAGAIN)
            lose(client);
        return;
    }
    totals.reads++;
    totals.bytes += (uint64_t)size;
    size_t length = kept + (size_t)size;
    long used = take(client, scratch, length);
    if (used < 0) {
        lose(client);
        return;
    }
    client->in.length = 0;
    if ((size_t)used < length)
        buffer_add(&client->in, scratch + used, length - (size_t)used);
    if (client->out.length)
        flush(client);
}

void clients_handle(uint32_t index, uint32_t events)
{
    struct client *client = &clients[index];
    if (index >= wanted || client->state == IDLE)
        return;
    if (client->state == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error)
            lose(client);
        else
            upgrade(client);
        return;
    }
    if (events & EPOLLOUT)
        flush(client);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        read_client(client);
}
