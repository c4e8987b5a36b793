#include "buffer.h"

#include <stdlib.h>
#include <string.h>

static void reserve(struct buffer *buffer, size_t more)
{
    size_t needed = buffer->length + more;
    if (needed <= buffer->capacity)
        return;
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity < needed)
        capacity *= 2;
    char *bytes = realloc(buffer->bytes, capacity);
    if (!bytes)
        abort();
    buffer->bytes = bytes;
    buffer->capacity = capacity;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
    reserve(buffer, length);
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

void buffer_drop(struct buffer *buffer, size_t length)
{
    buffer->length -= length;
    if (buffer->length)
        memmove(buffer->bytes, buffer->bytes + length, buffer->length);
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->bytes);
    memset(buffer, 0, sizeof *buffer);
}

static uint32_t next_mask(void)
{
    static uint32_t state = 2463534242u; /* xorshift: a mask need not be a secret here */
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

void buffer_add_frame(struct buffer *buffer, enum opcode opcode, const char *payload, size_t length)
{
    reserve(buffer, length + 8);
    unsigned char *at = (unsigned char *)buffer->bytes + buffer->length;
    *at++ = (unsigned char)(0x80 | opcode);
    if (length < 126) {
        *at++ = (unsigned char)(0x80 | length);
    } else {
        *at++ = 0x80 | 126;
        *at++ = (unsigned char)(length >> 8);
        *at++ = (unsigned char)length;
    }
    uint32_t mask = next_mask();
    unsigned char key[4];
    memcpy(key, &mask, 4);
    memcpy(at, key, 4);
    at += 4;
    for (size_t i = 0; i < length; i++)
        at[i] = (unsigned char)payload[i] ^ key[i & 3];
    buffer->length = (size_t)((char *)at - buffer->bytes) + length;
}

long frame_parse(const char *bytes, size_t length, struct frame *frame)
{
    const unsigned char *at = (const unsigned char *)bytes;
    if (length < 2)
        return 0;
    if (at[1] & 0x80)
        return -1;
    size_t size = at[1], head = 2;
    if (size == 126) {
        if (length < 4)
            return 0;
        size = (size_t)at[2] << 8 | at[3];
        head = 4;
    } else if (size == 127) {
        if (length < 10)
            return 0;
        size = 0;
        for (int i = 2; i < 10; i++)
            size = size << 8 | at[i];
        head = 10;
    }
    if (length - head < size)
        return 0;
    frame->opcode = at[0] & 0x0f;
    frame->payload = bytes + head;
    frame->length = size;
    return (long)(head + size);
}
