/* extension: what the ending of a file's name says, in words of our own.
 *
 * A file name is the sender's text and may hold a patient's name, even after its last dot; so a
 * place shows an ending only when it is one of a closed list. */
#ifndef EXEAT_DECODE_EXTENSION_H
#define EXEAT_DECODE_EXTENSION_H

#include "base/compiler.h"
#include "base/cursor.h"

/* ".csv" of "Folder/Patients.CSV"; "" when the ending is not in the list. Never NULL. */
const char *extension_of(struct span name);

#endif
