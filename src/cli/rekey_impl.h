/* Private to ppdl rekey: rekey_sql.c, rekey_open.c, rekey_fill.c, rekey_receipts.c, rekey_swap.c. */
#ifndef PPDL_CLI_REKEY_IMPL_H
#define PPDL_CLI_REKEY_IMPL_H

#include "base/bytes.h"
#include "cli/rekey_table.h"

/* text like printf, malloc'ed; NULL when out of memory */
char	   *ppdl_rekey_text(const char *fmt,...) __attribute__((format(printf, 1, 2)));
/* for each column: what fmt makes of it; see rekey_sql.c */
char	   *ppdl_rekey_each(PpdlRekeyTable *t, const char *fmt, const char *between);
/* the writer's text, NULL when it is bad */
char	   *ppdl_rekey_finish_text(PpdlWriter *w);
PpdlStatus	ppdl_rekey_no_memory(PpdlError *err);

/* Runs sql, which is freed; NULL is PPDL_ERR_NOMEM.  res may be NULL. */
PpdlStatus	ppdl_rekey_run(PpdlRekeyTable *t, PGresult **res, int binary, char *sql, PpdlError *err);
/* the only number of the only row */
PpdlStatus	ppdl_rekey_number(PpdlRekeyTable *t, uint64_t *n, char *sql, PpdlError *err);
PpdlStatus	ppdl_rekey_check_interrupt(PpdlError *err);

/* rows of the table under the old key or its writers' */
PpdlStatus	ppdl_rekey_count_needed(PpdlRekeyTable *t, uint64_t *n, PpdlError *err);
/*
 * nobody else writes: rows of writers that were published meanwhile count as the others'; values of any further key are
 * an error
 */
PpdlStatus	ppdl_rekey_look_again(PpdlRekeyTable *t, PpdlError *err);
/* rows that an earlier run took while one of their writers was not published are taken again */
PpdlStatus	ppdl_rekey_forget_partial(PpdlRekeyTable *t, PpdlError *err);
void		ppdl_rekey_free_texts(PpdlRekeyTable *t);
/* is the side table there?  An error when it is of another run */
PpdlStatus	ppdl_rekey_find_side(PpdlRekeyTable *t, int *there, PpdlError *err);
/* all rows of the table that the side table lacks go there; *found: how many there were */
PpdlStatus	ppdl_rekey_pass(PpdlRekeyTable *t, uint64_t *found, PpdlError *err);
/* the new manifest takes the rows that are about to be swapped in, each checked (rekey_receipts.c) */
PpdlStatus	ppdl_rekey_note_receipts(PpdlRekeyTable *t, PpdlError *err);
void		ppdl_rekey_fill_free(struct PpdlRekeyFill *f);

#endif
