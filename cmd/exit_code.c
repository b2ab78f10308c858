#include "cmd/cmd.h"

enum exit_code exit_code_worse(enum exit_code a, enum exit_code b)
{
	static const int rank[] = {[EXIT_CLEAN] = 0,
	        [EXIT_FLAGS] = 1,
	        [EXIT_NO_PACKET] = 2,
	        [EXIT_NO_AUTHORITY] = 3,
	        [EXIT_REGISTER] = 4,
	        [EXIT_MACHINE] = 5,
	        [EXIT_USAGE] = 6};

	return rank[a] >= rank[b] ? a : b;
}
