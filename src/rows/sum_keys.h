/*
 * Sums of rows under several keys of one owner: its own and its writers'.  One sum a key (rows/sum.h); what they come
 * to is switched to the owner's key, once a key, when the result is asked for.  A single key of an owner costs what its
 * sum costs.
 */
#ifndef PPDL_ROWS_SUM_KEYS_H
#define PPDL_ROWS_SUM_KEYS_H

#include "ckks/eval.h"
#include "rows/sum.h"

/* keys that one sum may have */
#define PPDL_MAX_SUM_KEYS 4096

/*
 * Whose rows those of a key are: *owner is the key that it writes for, or the key itself.  Asked for when a second key
 * comes, and for results.
 */
typedef PpdlStatus (*PpdlWriterOf) (void *arg, const uint8_t key[8], uint8_t owner[8], PpdlError *err);

/* keys on the way from a writer's to its owner's: of writers of writers, or former keys of an owner and the next */
#define PPDL_MAX_CHAIN 64

typedef struct PpdlKeyWay
{
	int			hops;			/* 0: the key is an owner's */
	uint8_t		key[PPDL_MAX_CHAIN + 1][PPDL_FINGERPRINT_BYTES];	/* the key itself, the one it writes for, ... */
} PpdlKeyWay;

/*
 * follows writer_of to the end: a writer's owner may have a later key itself.  PPDL_ERR_KEY when that leads in a circle
 */
PpdlStatus	ppdl_key_way(PpdlKeyWay *way, PpdlWriterOf writer_of, void *arg, const uint8_t key[8], PpdlError *err);
/* where that ends */
static inline const uint8_t *
ppdl_key_way_owner(const PpdlKeyWay *way)
{
	return way->key[way->hops];
}
/* both in one */
PpdlStatus	ppdl_key_root(PpdlWriterOf writer_of, void *arg, const uint8_t key[8], uint8_t owner[8], PpdlError *err);

/*
 * w holds one value, a row or a value in parts: it becomes one of the row ring under its owner's key.  ev: as in
 * rows/switch.h
 */
PpdlStatus	ppdl_key_bring_home(PpdlWriterOf writer_of, void *arg, PpdlEval *ev, PpdlWriter *w, PpdlError *err);

typedef struct PpdlKeySums PpdlKeySums;

/* *out: empty, the caller's to destroy.  writer_of NULL: no key has another owner, a second key is an error */
PpdlStatus	ppdl_key_sums_create(PpdlKeySums **out, PpdlWriterOf writer_of, void *arg, PpdlError *err);
void		ppdl_key_sums_destroy(PpdlKeySums *s);
/* as of each PpdlSum */
void		ppdl_key_sums_set_poll(PpdlKeySums *s, const PpdlPoll *poll);
void		ppdl_key_sums_set_arena(PpdlKeySums *s, PpdlArena *arena);

/*
 * As of PpdlSum.  Rows of all keys are of one ring, width and scale; PPDL_ERR_KEY names keys of different owners.
 */
PpdlStatus	ppdl_key_sums_add_bytes(PpdlKeySums *s, const void *buf, size_t len, PpdlError *err);
PpdlStatus	ppdl_key_sums_add_weighted(PpdlKeySums *s, const PpdlCipher *c, double weight, PpdlError *err);
/* into += from, which keeps its value */
PpdlStatus	ppdl_key_sums_merge(PpdlKeySums *into, PpdlKeySums *from, PpdlError *err);

uint64_t	ppdl_key_sums_count(const PpdlKeySums *s);
size_t		ppdl_key_sums_memory(const PpdlKeySums *s);
/* the one sum that it is, or NULL when there are several, or none: receipts and results that need no switch */
PpdlSum    *ppdl_key_sums_single(const PpdlKeySums *s);

/* does the result take key switches? */
PpdlStatus	ppdl_key_sums_needs_switch(PpdlKeySums *s, int *needed, PpdlError *err);
/*
 * As ppdl_sum_finish: a value under the owner's key, of the row ring where keys were switched.  ev: as in
 * rows/switch.h; may be NULL when no switch is needed.
 */
PpdlStatus	ppdl_key_sums_finish(PpdlKeySums *s, PpdlEval *ev, double divisor, PpdlWriter *w, PpdlError *err);

/* one key: what ppdl_sum_save writes */
PpdlStatus	ppdl_key_sums_save(PpdlKeySums *s, PpdlWriter *w, PpdlError *err);
/* into an empty one; refuses hostile bytes */
PpdlStatus	ppdl_key_sums_fill(PpdlKeySums *s, const void *buf, size_t len, PpdlError *err);

#endif
