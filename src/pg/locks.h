/*
 * Locks on names of ours, until the transaction ends.  They are heavyweight locks on an object that nobody else can
 * name: users cannot take them, as they could advisory locks.
 */
#ifndef PPDL_PG_LOCKS_H
#define PPDL_PG_LOCKS_H

#include "pg/ppdl.h"

typedef enum PpdlLock
{
	PPDL_LOCK_VERSIONS,			/* of a model: its next version is being stored */
	PPDL_LOCK_TRAINING			/* of a checkpoint */
} PpdlLock;

/* Waits, cancellably.  Two names that share a hash share a lock. */
extern void ppdl_lock_name(PpdlLock lock, const char *name);
/* false when another transaction has it */
extern bool ppdl_try_lock_name(PpdlLock lock, const char *name);

#endif
