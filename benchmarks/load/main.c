/* The load of the transport benchmarks: many WebSocket clients in one thread.
 *
 * It is told what to do by lines on standard input and answers each with one line of JSON. What
 * the server shall send is asked for on a control connection to it, one short line for a fan-out
 * to everybody, so that asking costs nothing beside delivering:
 *
 *   b COUNT ACK JSON    send JSON to everybody, COUNT times, with acknowledgements or not; with
 *                       them the server answers "done" when all have come
 *   u INDEX JSON        send JSON to the client that connected as the INDEXth
 */
#include "clients.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 512, LINE = 4096, PATIENCE_US = 60 * 1000 * 1000 };

static const uint32_t INPUT = UINT32_MAX, CONTROL = UINT32_MAX - 1;

static int epoll_fd, control_fd = -1;
static uint64_t dones; /* "done" lines of the control connection */
static int has_input;

static void die(const char *why)
{
    perror(why);
    exit(1);
}

static double cpu_s(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec)
           + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* -- the control connection ------------------------------------------------------------------- */

static void watch(int fd, uint32_t id)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = id};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        die("epoll_ctl");
}

static void open_control(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    control_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (control_fd < 0 || connect(control_fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("control");
    int yes = 1;
    setsockopt(control_fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    watch(control_fd, CONTROL);
}

static void tell(const char *line, size_t length)
{
    while (length) {
        ssize_t sent = send(control_fd, line, length, MSG_NOSIGNAL);
        if (sent < 0)
            die("control");
        line += sent;
        length -= (size_t)sent;
    }
}

static void read_control(void)
{
    char text[LINE];
    ssize_t size = recv(control_fd, text, sizeof text, 0);
    if (size <= 0) {
        fprintf(stderr, "the server closed the control connection\n");
        exit(1);
    }
    for (ssize_t i = 0; i < size; i++)
        dones += text[i] == '\n';
}

/* A notification, so long that a Socket.IO packet of it has `size` bytes. */
static int notification(char *out, size_t capacity, size_t size)
{
    static const char filler[] = "Your caption task has completed and waits for your review. ";
    char head[512];
    int used = snprintf(
        head, sizeof head,
        "{\"notification\":{\"t\":%llu,\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\","
        "\"revision\":1,\"type\":\"success\",\"priority\":\"normal\",\"title\":\"Task complete\","
        "\"created_at\":\"2026-01-01T00:00:00.000Z\",\"is_read\":false,"
        "\"data\":{\"task_id\":\"123\"},\"message\":\"",
        (unsigned long long)now_us());
    const size_t around = sizeof "42[\"notification\",]\"}}" - 1;
    size_t pad = size > (size_t)used + around ? size - (size_t)used - around : 0;
    if ((size_t)used + pad + 4 > capacity)
        pad = capacity - (size_t)used - 4;
    memcpy(out, head, (size_t)used);
    for (size_t i = 0; i < pad; i++)
        out[(size_t)used + i] = filler[i % (sizeof filler - 1)];
    memcpy(out + used + pad, "\"}}", 3);
    return used + (int)pad + 3;
}

static void ask(const char *verb, size_t size)
{
    char line[LINE * 4];
    size_t used = (size_t)snprintf(line, sizeof line, "%s ", verb);
    used += (size_t)notification(line + used, sizeof line - used - 1, size);
    line[used++] = '\n';
    tell(line, used);
}

/* -- the loop --------------------------------------------------------------------------------- */

static void pump(int timeout_ms)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll_fd, events, EVENTS, timeout_ms);
    for (int i = 0; i < count; i++) {
        if (events[i].data.u32 == INPUT)
            has_input = 1;
        else if (events[i].data.u32 == CONTROL)
            read_control();
        else
            clients_handle(events[i].data.u32, events[i].events);
    }
}

/* -- commands --------------------------------------------------------------------------------- */

struct span {
    uint64_t began;
    double cpu;
    struct totals before;
};

static struct span begin(void)
{
    return (struct span){.began = now_us(), .cpu = cpu_s(), .before = totals};
}

static void report(const struct span *span, uint64_t ended, const char *more)
{
    printf("{\"wall_s\":%.6f,\"cpu_s\":%.6f,\"deliveries\":%llu,\"acks\":%llu,\"bytes\":%llu,"
           "\"reads\":%llu,\"retries\":%llu,\"lost_connections\":%llu,\"ready\":%zu%s}\n",
           (double)(ended - span->began) / 1e6, cpu_s() - span->cpu,
           (unsigned long long)(totals.deliveries - span->before.deliveries),
           (unsigned long long)(totals.acks - span->before.acks),
           (unsigned long long)(totals.bytes - span->before.bytes),
           (unsigned long long)(totals.reads - span->before.reads),
           (unsigned long long)(totals.retries - span->before.retries),
           (unsigned long long)(totals.lost_connections - span->before.lost_connections),
           clients_ready(), more);
    fflush(stdout);
}

/* connect COUNT IN_FLIGHT */
static void do_connect(size_t count, size_t in_flight)
{
    struct span span = begin();
    clients_add(count, in_flight);
    while (clients_ready() < clients_wanted() && now_us() - span.began < PATIENCE_US)
        pump(10);
    report(&span, now_us(), "");
}

/* broadcast SECONDS BURST ACK WINDOW SIZE: as many as the server takes */
static void do_broadcast(double seconds, int burst, int is_acked, uint64_t window, size_t size)
{
    char verb[64];
    snprintf(verb, sizeof verb, "b %d %d", burst, is_acked);
    struct span span = begin();
    uint64_t per_burst = (uint64_t)burst * clients_ready(), asked = 0, finished = 0;
    uint64_t dones_before = dones, last = span.began;
    uint64_t until = span.began + (uint64_t)(seconds * 1e6);
    while (per_burst) {
        uint64_t now = now_us();
        uint64_t arrived = (totals.deliveries - span.before.deliveries) / per_burst;
        uint64_t acked = dones - dones_before;
        uint64_t is_now = is_acked && acked < arrived ? acked : arrived;
        if (is_now > finished) {
            finished = is_now;
            last = now;
        }
        for (; now < until && asked - finished < window; asked++)
            ask(verb, size);
        if (finished == asked || now - last > PATIENCE_US)
            break;
        pump(100);
    }
    char more[96];
    uint64_t expected = asked * per_burst, came = totals.deliveries - span.before.deliveries;
    snprintf(more, sizeof more, ",\"asked\":%llu,\"missing\":%lld", (unsigned long long)asked,
             (long long)(expected - came));
    report(&span, last, more);
}

/* latency SECONDS PER_SECOND SIZE: broadcasts at a given rate, however late the last one is */
static void do_latency(double seconds, double rate, size_t size)
{
    latency_record(1);
    struct span span = begin();
    uint64_t asked = 0, expected = 0, now, last_ask = 0;
    for (;;) {
        now = now_us();
        uint64_t due = span.began + (uint64_t)((double)asked / rate * 1e6);
        if (now >= due && (double)asked < seconds * rate) {
            ask("b 1 0", size);
            asked++;
            expected += clients_ready();
            last_ask = now;
            continue;
        }
        if ((double)asked >= seconds * rate
            && (totals.deliveries - span.before.deliveries >= expected
                || now - last_ask > PATIENCE_US))
            break;
        pump(due > now ? (int)((due - now) / 1000) : 0);
    }
    char more[256];
    uint64_t came = totals.deliveries - span.before.deliveries;
    snprintf(more, sizeof more,
             ",\"asked\":%llu,\"missing\":%lld,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f",
             (unsigned long long)asked, (long long)(expected - came),
             latency_percentile(0.5) / 1000, latency_percentile(0.99) / 1000,
             latency_percentile(1) / 1000);
    latency_record(0);
    report(&span, now, more);
}

/* targeted COUNT WINDOW SIZE: each to one client, all over those that are connected */
static void do_targeted(uint64_t count, uint64_t window, size_t size)
{
    struct span span = begin();
    uint64_t asked = 0, arrived = 0, last = span.began;
    while (arrived < count && now_us() - last < PATIENCE_US) {
        for (; asked < count && asked - arrived < window; asked++) {
            char verb[64];
            snprintf(verb, sizeof verb, "u %llu",
                     (unsigned long long)(asked * 7919 % clients_ready()));
            ask(verb, size);
        }
        pump(100);
        uint64_t came = totals.deliveries - span.before.deliveries;
        if (came > arrived) {
            arrived = came;
            last = now_us();
        }
    }
    char more[64];
    snprintf(more, sizeof more, ",\"missing\":%lld", (long long)(count - arrived));
    report(&span, last, more);
}

/* wait DELIVERIES SECONDS: until so many have come since the program started */
static void do_wait(uint64_t count, double seconds)
{
    struct span span = begin();
    uint64_t until = span.began + (uint64_t)(seconds * 1e6);
    while (totals.deliveries < count && now_us() < until)
        pump(10);
    char more[64];
    snprintf(more, sizeof more, ",\"total\":%llu", (unsigned long long)totals.deliveries);
    report(&span, now_us(), more);
}

static void run(const char *line)
{
    double seconds, rate;
    size_t count, window, size;
    int burst, is_acked;
    if (sscanf(line, "connect %zu %zu", &count, &window) == 2)
        do_connect(count, window);
    else if (sscanf(line, "broadcast %lf %d %d %zu %zu", &seconds, &burst, &is_acked, &window,
                    &size) == 5)
        do_broadcast(seconds, burst, is_acked, window, size);
    else if (sscanf(line, "latency %lf %lf %zu", &seconds, &rate, &size) == 3)
        do_latency(seconds, rate, size);
    else if (sscanf(line, "targeted %zu %zu %zu", &count, &window, &size) == 3)
        do_targeted(count, window, size);
    else if (sscanf(line, "wait %zu %lf", &count, &seconds) == 2)
        do_wait(count, seconds);
    else if (strcmp(line, "close\n") == 0) {
        struct span span = begin();
        clients_close();
        report(&span, now_us(), "");
    } else {
        fprintf(stderr, "unknown command: %s", line);
        exit(2);
    }
}

/* -- the start -------------------------------------------------------------------------------- */

static void read_hellos(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        die(path);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while ((length = getline(&line, &capacity, file)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = 0;
        options.hellos = realloc(options.hellos, (options.hello_count + 1) * sizeof(char *));
        options.hellos[options.hello_count++] = strdup(line);
    }
    free(line);
    fclose(file);
}

static void parse(int argc, char **argv, int *control_port)
{
    int letter;
    while ((letter = getopt(argc, argv, "m:p:c:h:u:f")) != -1) {
        switch (letter) {
        case 'm':
            options.protocol = strcmp(optarg, "channels") == 0     ? CHANNELS
                               : strcmp(optarg, "centrifuge") == 0 ? CENTRIFUGE
                                                                   : SOCKETIO;
            break;
        case 'p':
            options.port = atoi(optarg);
            break;
        case 'c':
            *control_port = atoi(optarg);
            break;
        case 'h':
            read_hellos(optarg);
            break;
        case 'u':
            options.path = optarg;
            break;
        case 'f':
            options.is_full_connect = 1;
            break;
        default:
            fprintf(stderr, "usage: load -m socketio|channels|centrifuge -p PORT -u PATH "
                            "[-c CONTROL_PORT] [-h HELLOS] [-f]\n");
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    int control_port = 0;
    parse(argc, argv, &control_port);
    signal(SIGPIPE, SIG_IGN);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        die("epoll_create1");
    clients_start(epoll_fd);
    if (control_port)
        open_control(control_port);
    watch(STDIN_FILENO, INPUT);
    char line[LINE];
    for (;;) {
        has_input = 0;
        while (!has_input)
            pump(-1);
        size_t used = 0;
        char byte;
        while (used < sizeof line - 1 && read(STDIN_FILENO, &byte, 1) == 1) {
            line[used++] = byte;
            if (byte == '\n')
                break;
        }
        if (!used)
            return 0; /* who started this is gone */
        line[used] = 0;
        run(line);
    }
}
