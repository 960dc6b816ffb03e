#include "pg/locks.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "pg/model.h"
#include "storage/lock.h"

/*
 * object <hash> of class <ppdl_models>, a class of which no other object has locks; sub-object: 15 more bits of the
 * hash, and the kind
 */
static LOCKTAG
tag_of(PpdlLock lock, const char *name)
{
	uint64		hash = hash_bytes_extended((const unsigned char *) name, (int) strlen(name), 0);
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, ppdl_relation("ppdl_models"), (uint32) hash,
					   (uint16) (hash >> 32 << 1 | lock));
	return tag;
}

void
ppdl_lock_name(PpdlLock lock, const char *name)
{
	LOCKTAG		tag = tag_of(lock, name);

	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}

bool
ppdl_try_lock_name(PpdlLock lock, const char *name)
{
	LOCKTAG		tag = tag_of(lock, name);

	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}
