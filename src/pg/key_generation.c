/* When what a backend knows of keys has to be looked at again. */
#include "pg/keys.h"

#include "access/xact.h"
#include "storage/proc.h"

static uint64 generation = 1;

/* what was read of a part of the transaction that is undone was never there */
static void
undone(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		generation++;
}

uint64
ppdl_key_generation(void)
{
	static bool is_watching = false;
	static LocalTransactionId seen = InvalidLocalTransactionId;
#if PG_VERSION_NUM >= 170000
	LocalTransactionId now = MyProc->vxid.lxid;
#else
	LocalTransactionId now = MyProc->lxid;
#endif

	if (!is_watching)
		RegisterSubXactCallback(undone, NULL);
	is_watching = true;
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
