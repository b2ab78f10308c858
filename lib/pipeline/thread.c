#include "pipeline/thread.h"

#include <signal.h>

#include "base/status.h"

int thread_start(pthread_t *ret, void *(*work)(void *), void *borrowed)
{
	static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};
	pthread_attr_t attributes;
	sigset_t all, before;
	int error = pthread_attr_init(&attributes);

	if (error != 0)
		return status_from_errno(error);
	sigfillset(&all);
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		sigdelset(&all, own[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	if (error == 0)
		error = pthread_create(ret, &attributes, work, borrowed);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return error == 0 ? STATUS_OK : status_from_errno(error);
}
