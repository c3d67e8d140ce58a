#include "nx_queue.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool nx_queue_init(struct nx_queue *queue)
{
    atomic_init(&queue->head, NULL);
    queue->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return queue->event_fd >= 0;
}

void nx_queue_cleanup(struct nx_queue *queue)
{
    if (queue->event_fd >= 0)
        close(queue->event_fd);
    queue->event_fd = -1;
}

void nx_queue_push(struct nx_queue *queue, struct nx_queue_node *node)
{
    struct nx_queue_node *head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    do {
        node->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&queue->head, &head, node, memory_order_release,
                                                    memory_order_relaxed));
    if (!head) {
        uint64_t one = 1;
        /* Cannot fail: the counter is far from its limit, and the descriptor is ours. */
        ssize_t written = write(queue->event_fd, &one, sizeof one);
        (void)written;
    }
}

struct nx_queue_node *nx_queue_take(struct nx_queue *queue)
{
    uint64_t count;
    /* Empty the descriptor before the list: a push in between leaves the descriptor readable. */
    ssize_t got = read(queue->event_fd, &count, sizeof count);
    (void)got;
    struct nx_queue_node *newest =
        atomic_exchange_explicit(&queue->head, NULL, memory_order_acquire);
    struct nx_queue_node *oldest = NULL;
    while (newest) {
        struct nx_queue_node *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}
