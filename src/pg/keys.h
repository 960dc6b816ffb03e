/*
 * Keys on the server: tables ppdl_keys and ppdl_key_parts (keys.c, key_*.c), and the cache of
 * expanded evaluation keys in the data directory (key_cache.c, key_sweep.c).
 */
#ifndef PPDL_PG_KEYS_H
#define PPDL_PG_KEYS_H

#include "pg/ppdl.h"

#include <sys/stat.h>

#include "access/htup.h"
#include "owner/owner.h"
#include "rows/collector.h"
#include "rows/keyplan.h"
#include "rows/row_set.h"
#include "utils/relcache.h"

#define PPDL_KEY_CHUNK 4194304	/* bytes of a chunk; part of the contract of ppdl_publish_part */
#define PPDL_PART_PUBLIC "public"

/*
 * PPDL_CACHE_DIR/<oid of the database>/<fingerprint>/<part>.  Base backups and pg_rewind leave out what is named
 * pgsql_tmp...; the server itself removes only such directories below base/ and tablespaces.
 */
#define PPDL_CACHE_DIR "pgsql_tmp_ppdl"

/*
 * 16-hex-digit fingerprint or key name -> fingerprint (what looks like a fingerprint is one); error "key "%s" does not
 * exist" with a hint to ppdl publish. scheme: "lwe" or "rsa", checked; NULL: any
 */
extern void ppdl_key_lookup(const char *name_or_id, const char *scheme, uint8_t fp[8]);

/* one part's bytes as stored (palloc'ed, detoasted), chunks joined, sha256 checked; error when missing */
extern bytea *ppdl_key_part(const uint8_t fp[8], const char *part);

/* what is stored of a part, without reading its bytes; false when there is nothing */
typedef struct PpdlKeyPartInfo
{
	int64		total;
	uint8_t		sha256[32];
	bool		complete;
	bool		is_signed;
	uint8_t		signature[PPDL_SIGNATURE_BYTES];
} PpdlKeyPartInfo;
extern bool ppdl_key_part_info(const uint8_t fp[8], const char *part, PpdlKeyPartInfo *info);
/* its first n bytes (fewer when it is shorter) */
extern bytea *ppdl_key_part_head(const uint8_t fp[8], const char *part, int n);

/* a row of ppdl_keys, as the active snapshot sees it; false when there is none */
typedef struct PpdlKeyRow
{
	char		name[64],
				scheme[8];
	NameData	owner;			/* "" before 0.2.0 */
	bool		is_bound;
	uint8_t		verify_key[PPDL_VERIFY_KEY_BYTES];
} PpdlKeyRow;
extern bool ppdl_key_row(const uint8_t fp[8], PpdlKeyRow *row);
/* of a tuple of ppdl_keys, of ppdl_key_parts (but for info->complete); false when the tables' constraints refuse it */
extern bool ppdl_key_row_read(Relation rel, HeapTuple tuple, uint8_t fp[8], PpdlKeyRow *row);
extern bool ppdl_key_part_read(Relation rel, HeapTuple tuple, uint8_t fp[8], char part[64], PpdlKeyPartInfo *info);

/*
 * error unless the part is bound to its key: signed under the key's verify_key, where it has one; the public part by
 * the fingerprint
 */
extern void ppdl_key_check_binding(const uint8_t fp[8], const PpdlKeyRow *row, const char *part,
								   const PpdlKeyPartInfo *info);
/* is the part signed under the row's verify_key?  Are all parts that are there? */
extern bool ppdl_key_is_signed(const uint8_t fp[8], const PpdlKeyRow *row, const char *part,
							   const PpdlKeyPartInfo *info);
extern bool ppdl_key_all_signed(const uint8_t fp[8], const PpdlKeyRow *row);
/* error unless the current user is a member of the role that owns the key */
extern void ppdl_key_check_owner(const char *name, const char *owner);

/*
 * are all parts there that a use of rows of that ring (PPDL_RING_ROW, PPDL_RING_COMPACT) needs beyond those of lesser
 * uses?
 */
extern bool ppdl_key_serves(const uint8_t fp[8], PpdlUse use, uint8_t ring);
/* i of use 1 << i; an error that says which there are, for any other name */
extern int	ppdl_key_use(const char *name);
/* what that one needs beyond lesser uses, at most PPDL_MAX_KEY_NEEDS; returns how many */
extern int	ppdl_key_needs(int u, PpdlKeyNeed *needs);
/* a hint for a key that does not serve */
extern const char *ppdl_key_serve_hint(const uint8_t fp[8], PpdlUse use);

/* what ppdl_publish_part() does, for parts that are whole in memory; signed by `owner`, unless that is NULL */
extern void ppdl_key_store(const uint8_t fp[8], const char *name, const char *scheme, const char *params,
						   const char *part, const uint8_t *data, size_t len, const PpdlOwner *owner);

/*
 * PpdlKeyGetter: arg is the owner's fingerprint (8 bytes that outlive the evaluator).  Maps the cache file, building it
 * when missing or damaged; mapped keys stay for the backend's life.
 */
extern PpdlStatus ppdl_pg_get_key(void *arg, uint8_t ring, uint32_t id, int limbs,
								  const PpdlSwitchKey **key, PpdlError *err);

/*
 * Whose rows a key's are: PpdlWriterOf (rows/sum_keys.h), by ppdl_writers and what the writer has signed (writers.c).
 * The key itself for one that is no writer's, or not known here.
 */
extern PpdlStatus ppdl_pg_writer_of(void *arg, const uint8_t key[8], uint8_t owner[8], PpdlError *err);
/* the owner at the end of these, raising errors */
extern void ppdl_key_owner(const uint8_t key[8], uint8_t owner[8]);
/* the row as one of its owner's, whose published keys serve it: a writer's fingerprint gives way to the owner's */
extern PpdlCipher ppdl_row_of_owner(const PpdlCipher *row);
/* ppdl_cipher_check_same with the shape of an owner's rows, which its writers' rows may have, too; raises errors */
extern void ppdl_check_same_owner(const PpdlCipher *shape, const PpdlCipher *row, const char *aggregate);
/* what a function keeps for a query to switch values of writers with, in fn_extra; of the row ring */
extern PpdlEval *ppdl_switch_eval(FunctionCallInfo fcinfo);
/* empty, for rows of an owner and its writers; they ask for interrupts */
extern PpdlStatus ppdl_pg_trainset(PpdlTrainSet **out, PpdlError *err);
extern PpdlStatus ppdl_pg_collector(PpdlCollector **out, int limbs, PpdlError *err);
/* what rows of writers need before they are lifted to the deep ring: the set keeps the keys */
extern void ppdl_writers_load_keys(PpdlTrainSet *ts);

/*
 * A number that changes with each transaction, when a part of one is rolled back, and whenever this backend writes to
 * the tables of keys: what was kept under another one is compared with the tables before it is used again.
 */
extern uint64 ppdl_key_generation(void);
extern void ppdl_key_changed(void);
/* was the payload of this file, as st describes it, found to have this SHA-256 since the server started? */
extern bool ppdl_key_file_is_verified(const char *path, const struct stat *st, const uint8_t payload[32]);
/* it was: st is the file's from before and after */
extern void ppdl_key_file_note_verified(const char *path, const struct stat *st, const uint8_t payload[32]);
/* removes cache files: of one key of this database, or (NULL) of all */
extern void ppdl_key_cache_remove(const uint8_t *fp);
/* the directory of this database's or (fp) a key's cache files */
extern void ppdl_key_cache_directory(char path[MAXPGPATH], const uint8_t *fp);
/* notes whose cache files these are, then removes those of dropped databases, extensions and keys */
extern void ppdl_key_cache_sweep(void);

#endif
