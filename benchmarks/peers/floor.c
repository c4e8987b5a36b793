/* The floor: a loop that only calls send() of a ready frame: `floor PORT CONTROL_PORT`.
 *
 * It shakes hands as a Socket.IO server does, whatever a client says, and then nothing but the
 * kernel's send stands between a fan-out and the clients. The lines of the control connection are
 * described in benchmarks/load/main.c; acknowledgements are not for it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, CLIENTS = 65536, TEXT = 1 << 16 };

enum kind { NONE, LISTENER, CONTROL_LISTENER, CONTROL, CLIENT };

static const char UPGRADE[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char OPEN[] = "0{\"sid\":\"floor\",\"upgrades\":[],\"pingInterval\":25000,"
                           "\"pingTimeout\":20000,\"maxPayload\":1000000}";
static const char CONNECTED[] = "40{\"sid\":\"floor\"}";

static enum kind kinds[CLIENTS];
static int is_open[CLIENTS]; /* the handshake is over */
static int clients[CLIENTS];
static size_t client_count;
static char control_text[TEXT];
static size_t control_length;
static int epoll_fd;

static void watch(int fd, enum kind kind)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    kinds[fd] = kind;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void listen_on(int port, enum kind kind)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0) {
        perror("listen");
        exit(1);
    }
    watch(fd, kind);
}

static size_t make_frame(char *out, const char *payload, size_t length)
{
    size_t head = 2;
    out[0] = (char)0x81;
    if (length < 126) {
        out[1] = (char)length;
    } else {
        out[1] = 126;
        out[2] = (char)(length >> 8);
        out[3] = (char)length;
        head = 4;
    }
    memcpy(out + head, payload, length);
    return head + length;
}

static void send_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd full = {.fd = fd, .events = POLLOUT};
            poll(&full, 1, -1);
        } else if (sent < 0) {
            return;
        } else {
            bytes += sent;
            length -= (size_t)sent;
        }
    }
}

static void send_text(int fd, const char *payload, size_t length)
{
    char frame[512];
    send_all(fd, frame, make_frame(frame, payload, length));
}

static void take_line(const char *line, size_t length)
{
    static char payload[TEXT], frame[TEXT + 16];
    const char *json = memchr(line, '{', length);
    size_t number = strtoul(line + 2, NULL, 10);
    size_t used = (size_t)snprintf(payload, sizeof payload, "42[\"notification\",%.*s]",
                                   (int)(line + length - json), json);
    size_t size = make_frame(frame, payload, used);
    if (line[0] == 'u') {
        send_all(clients[number], frame, size);
        return;
    }
    for (size_t again = 0; again < number; again++)
        for (size_t i = 0; i < client_count; i++)
            send_all(clients[i], frame, size);
}

static void read_control(int fd)
{
    ssize_t size = recv(fd, control_text + control_length, sizeof control_text - control_length, 0);
    if (size <= 0) {
        close(fd);
        return;
    }
    control_length += (size_t)size;
    char *start = control_text, *end;
    while ((end = memchr(start, '\n', control_length - (size_t)(start - control_text)))) {
        take_line(start, (size_t)(end - start));
        start = end + 1;
    }
    control_length -= (size_t)(start - control_text);
    memmove(control_text, start, control_length);
}

static void leave(int fd)
{
    for (size_t i = 0; i < client_count; i++) {
        if (clients[i] == fd) {
            clients[i] = clients[--client_count];
            break;
        }
    }
    close(fd);
}

static void read_client(int fd)
{
    char text[8192];
    ssize_t size = recv(fd, text, sizeof text, 0);
    if (size <= 0) {
        if (size == 0 || errno != EAGAIN)
            leave(fd);
    } else if (size >= 4 && memcmp(text, "GET ", 4) == 0) {
        send_all(fd, UPGRADE, sizeof UPGRADE - 1);
        send_text(fd, OPEN, sizeof OPEN - 1);
    } else if (!is_open[fd]) { /* the first frame is the CONNECT packet */
        is_open[fd] = 1;
        clients[client_count++] = fd;
        send_text(fd, CONNECTED, sizeof CONNECTED - 1);
    }
}

static void accept_all(int listener, enum kind kind)
{
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= CLIENTS) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        is_open[fd] = 0;
        watch(fd, kind);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: floor PORT CONTROL_PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listen_on(atoi(argv[1]), LISTENER);
    listen_on(atoi(argv[2]), CONTROL_LISTENER);
    struct epoll_event events[EVENTS];
    for (;;) {
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            switch (kinds[fd]) {
            case LISTENER:
                accept_all(fd, CLIENT);
                break;
            case CONTROL_LISTENER:
                accept_all(fd, CONTROL);
                break;
            case CONTROL:
                read_control(fd);
                break;
            case CLIENT:
                read_client(fd);
                break;
            case NONE:
                break;
            }
        }
    }
}
