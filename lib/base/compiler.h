/* compiler: attributes and the two or three macros that every layer uses. */
#ifndef EXEAT_BASE_COMPILER_H
#define EXEAT_BASE_COMPILER_H

#define WUNRES       __attribute__((warn_unused_result))
#define NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define CLEANUP(fn)  __attribute__((cleanup(fn)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
