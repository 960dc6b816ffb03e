/*
 * Keys on the server: tables ppdl_keys and ppdl_key_parts, and the cache of
 * expanded evaluation keys in the data directory (ppdl_cache/<fingerprint>/<part>).
 */
#ifndef PPDL_PG_KEYS_H
#define PPDL_PG_KEYS_H

#include "pg/ppdl.h"
#include "rows/keyplan.h"

#define PPDL_KEY_CHUNK 4194304	/* bytes of a chunk; part of the contract of ppdl_publish_part */
#define PPDL_CACHE_DIR "ppdl_cache"

/* key name or 16-hex-digit fingerprint -> fingerprint; error "key "%s" does not exist" with a hint to ppdl publish. scheme: "lwe" or "rsa", checked; NULL: any */
extern void ppdl_key_lookup(const char *name_or_id, const char *scheme, uint8_t fp[8]);

/* one part's bytes as stored (palloc'ed, detoasted), chunks joined, sha256 checked; error when missing */
extern bytea *ppdl_key_part(const uint8_t fp[8], const char *part);

/* what is stored of a part, without reading its bytes; false when there is nothing */
typedef struct PpdlKeyPartInfo
{
	int64		total;
	uint8_t		sha256[32];
	bool		complete;
} PpdlKeyPartInfo;
extern bool ppdl_key_part_info(const uint8_t fp[8], const char *part, PpdlKeyPartInfo *info);
/* its first n bytes (fewer when it is shorter) */
extern bytea *ppdl_key_part_head(const uint8_t fp[8], const char *part, int n);

/* are all parts there that a use needs beyond those of lesser uses? */
extern bool ppdl_key_serves(const uint8_t fp[8], PpdlUse use);

/* what ppdl_publish_part() does, for parts that are whole in memory */
extern void ppdl_key_store(const uint8_t fp[8], const char *name, const char *scheme, const char *params,
						   const char *part, const uint8_t *data, size_t len);

/* PpdlKeyGetter: arg is the owner's fingerprint (8 bytes that outlive the evaluator).  Maps the cache file, building it when missing or damaged; mapped keys stay for the backend's life. */
extern PpdlStatus ppdl_pg_get_key(void *arg, uint8_t ring, uint32_t id, int limbs,
								  const PpdlSwitchKey **key, PpdlError *err);

/* removes cache files: of one key, or (NULL) of all */
extern void ppdl_key_cache_remove(const uint8_t *fp);

#endif
