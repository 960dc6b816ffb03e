/* When what a backend knows of keys has to be looked at again. */
#include "pg/keys.h"

#include "storage/proc.h"

static uint64 generation = 1;

uint64
ppdl_key_generation(void)
{
	static LocalTransactionId seen = InvalidLocalTransactionId;
#if PG_VERSION_NUM >= 170000
	LocalTransactionId now = MyProc->vxid.lxid;
#else
	LocalTransactionId now = MyProc->lxid;
#endif

	if (now != seen)
		generation++;
	seen = now;
	return generation;
}

void
ppdl_key_changed(void)
{
	generation++;
}
