/* drop: what a process of exeat gives up for good before it reads anything from outside. */
#ifndef EXEAT_PRIV_DROP_H
#define EXEAT_PRIV_DROP_H

#include "base/compiler.h"
#include "priv/priv.h"

/* Becomes the inspector's user; nothing where that does not change. The process is ended when the
 * one that forked it ends. */
int drop_user(const struct priv_user *user) WUNRES NONNULL(1);
int drop_capabilities(void) WUNRES;
/* No core file, and nobody of the same user may look into its memory. */
int drop_traces(void) WUNRES;

#endif
