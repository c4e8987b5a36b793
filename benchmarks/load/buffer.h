/* Bytes that wait to be written, and the frames that a client writes. */
#ifndef BUFFER_H
#define BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
    char *bytes;
    size_t length, capacity;
};

enum opcode { OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

/* One frame as it was found in what a server wrote. */
struct frame {
    int opcode;
    const char *payload;
    size_t length;
};

void buffer_add(struct buffer *buffer, const void *bytes, size_t length);

/* Bytes at the front have been written or read. */
void buffer_drop(struct buffer *buffer, size_t length);

void buffer_free(struct buffer *buffer);

/* Add a masked frame of at most 65,535 bytes. */
void buffer_add_frame(struct buffer *buffer, enum opcode opcode, const char *payload, size_t length);

/* Find the next frame; returns the bytes that it takes, 0 if it is not whole, -1 if it is masked. */
long frame_parse(const char *bytes, size_t length, struct frame *frame);

#endif
