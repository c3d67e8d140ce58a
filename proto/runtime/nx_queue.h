/* Work handed from many threads to one, with a file descriptor that epoll can watch.
 *
 * Intrusive: the node is part of what is queued. First in, first out per producer. */
#ifndef NX_QUEUE_H
#define NX_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>

struct nx_queue_node {
    struct nx_queue_node *next;
};

struct nx_queue {
    _Atomic(struct nx_queue_node *) head; /* newest first */
    int event_fd;
};

/* False: no file descriptor to be had; errno says why. */
bool nx_queue_init(struct nx_queue *queue);

/* The queue must be empty. */
void nx_queue_cleanup(struct nx_queue *queue);

/* Thread: any. Wakes the consumer if the queue was empty. Never blocks, never fails. */
void nx_queue_push(struct nx_queue *queue, struct nx_queue_node *node);

/* Thread: the consumer. Takes all there is, oldest first, NULL when empty. Call it when
 * event_fd is readable: it also drains the descriptor. */
struct nx_queue_node *nx_queue_take(struct nx_queue *queue);

#endif
