/*
 * Keys on the server: tables ppdl_keys and ppdl_key_parts, and the cache of
 * expanded evaluation keys in the data directory (ppdl_cache/<fingerprint>/<part>).
 */
#ifndef PPDL_PG_KEYS_H
#define PPDL_PG_KEYS_H

#include "pg/ppdl.h"

/* key name or 16-hex-digit fingerprint -> fingerprint; error "key "%s" does not exist" with a hint to ppdl publish. scheme: "lwe" or "rsa", checked */
extern void ppdl_key_lookup(const char *name_or_id, const char *scheme, uint8_t fp[8]);

/* one part's bytes as stored (palloc'ed, detoasted), chunks joined, sha256 checked; error when missing */
extern bytea *ppdl_key_part(const uint8_t fp[8], const char *part);

/* PpdlKeyGetter: arg is the owner's fingerprint (8 bytes that outlive the evaluator).  Maps the cache file, building it when missing or damaged; mapped keys stay for the backend's life. */
extern PpdlStatus ppdl_pg_get_key(void *arg, uint8_t ring, uint32_t id, int limbs,
								  const PpdlSwitchKey **key, PpdlError *err);

#endif
