/*
 * Slices and rows on their way into packed ciphertexts (pack.h), gathered by batch.
 */
#ifndef PPDL_ROWS_COLLECTOR_H
#define PPDL_ROWS_COLLECTOR_H

#include "base/poll.h"
#include "rows/sum_keys.h"
#include "rows/cipher.h"

/*
 * A collector gathers slices of one ring, key and width, batch by batch, each with
 * the caller's ordinal.  The same slice may come more than once (joins): it counts as
 * a further batch.  Explicit rows are collected as batches of their own.  Memory: the slices' bytes.
 */
typedef struct PpdlCollector PpdlCollector;

/*
 * *out: empty, the caller's to destroy.  limbs: how many of each row are kept, 1..PPDL_MAX_Q (PPDL_ERR_ARGUMENT);
 * ring, key, width and scale are those of the first row.
 */
PpdlStatus	ppdl_collector_create(PpdlCollector **out, int limbs, PpdlError *err);
void		ppdl_collector_destroy(PpdlCollector *col);
/* whom loading, merging and saving ask now and then; poll must outlive col */
void		ppdl_collector_set_poll(PpdlCollector *col, const PpdlPoll *poll);
/*
 * Before the first row: rows may be under keys of writers of one owner, whose key the result is under, but for the
 * compact ring (rows/packed_switch.h).  Before a packing runs, ppdl_collector_load_keys finds the switching keys, asked
 * of ev's source as in rows/switch.h.
 */
void		ppdl_collector_set_writers(PpdlCollector *col, PpdlWriterOf writer_of, void *arg);
PpdlStatus	ppdl_collector_load_keys(PpdlCollector *col, PpdlEval *ev, PpdlError *err);
/*
 * *complete = 1 when this row completed a batch that fills a ciphertext (C*k = N), which ppdl_pack_complete can then
 * take; smaller ones wait to share a ciphertext.  PPDL_ERR_LEVEL for rows of fewer limbs, PPDL_ERR_KEY, PPDL_ERR_SCALE
 * for rows that do not belong here, PPDL_ERR_ARGUMENT for packed values; the collector is as before.  c is copied.
 */
PpdlStatus	ppdl_collector_add(PpdlCollector *col, const PpdlCipher *c, uint32_t ordinal, int *complete,
							   PpdlError *err);
/*
 * into gets from's rows too, ordinals plus ordinal_offset; batches may become complete: ask ppdl_pack_complete until it
 * finds none
 */
PpdlStatus	ppdl_collector_merge(PpdlCollector *into, PpdlCollector *from, uint32_t ordinal_offset, PpdlError *err);
uint64_t	ppdl_collector_rows(const PpdlCollector *col);	/* waiting */
int			ppdl_collector_complete(const PpdlCollector *col);	/* batches that ppdl_pack_complete would find */
size_t		ppdl_collector_memory(const PpdlCollector *col);
/* marks the ordinals of all rows (ordinals.h): PPDL_ERR_FORMAT when one is not below n or marked already */
PpdlStatus	ppdl_collector_mark(const PpdlCollector *col, uint8_t *bits, uint32_t n, PpdlError *err);
uint64_t	ppdl_collector_encoding(const PpdlCollector *col);	/* of its rows so far, 0: not known */
/* are the rows of the shape's ring, owner, width, scale and limbs? PPDL_ERR_FORMAT, PPDL_ERR_KEY, PPDL_ERR_SCALE */
PpdlStatus	ppdl_collector_check_like(const PpdlCollector *col, const PpdlCipher *shape, PpdlError *err);
/*
 * State bytes for transfer, and back.  Loading trusts nothing: each row is checked as if it came alone, and
 * all must belong together.  It takes no more than a few times the bytes.
 */
PpdlStatus	ppdl_collector_save(const PpdlCollector *col, PpdlWriter *w, PpdlError *err);
/* an empty one, of the same limbs */
PpdlStatus	ppdl_collector_fill(PpdlCollector *col, const void *buf, size_t len, PpdlError *err);
PpdlStatus	ppdl_collector_load(PpdlCollector **out, const void *buf, size_t len, PpdlError *err);

#endif
