/* thread: a thread of the pipeline. Signals are for the thread that reads, but for those of a
 * thread's own faults. */
#ifndef EXEAT_PIPELINE_THREAD_H
#define EXEAT_PIPELINE_THREAD_H

#include <pthread.h>

#include "base/compiler.h"

/* Decoders that call themselves are bounded, and none of them goes deep. */
#define THREAD_STACK_BYTES (1u << 20)

int thread_start(pthread_t *ret, void *(*work)(void *), void *borrowed) WUNRES NONNULL(1, 2);

#endif
