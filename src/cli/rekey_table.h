/*
 * ppdl rekey: the encrypted columns of a table under another key, in place.
 *
 * Rows anew gather in a side table, ppdl_rekey_<oid of the table>, beside a digest of what they replace, and are
 * committed as they come: whoever is interrupted goes on with what is there.  One transaction at the end locks the
 * table against writers, takes in what changed meanwhile, puts the new values in place of the old ones, and drops the
 * side table.  Rows are known by the digest of their encrypted values, which no two rows share: no key of the table is
 * needed, and a row that somebody moves, changes, adds or deletes meanwhile is met as what it is then.
 * rekey_open.c, rekey_fill.c, rekey_swap.c
 */
#ifndef PPDL_CLI_REKEY_TABLE_H
#define PPDL_CLI_REKEY_TABLE_H

#include "cli/args.h"
#include "cli/database.h"
#include "cli/writer_parts.h"
#include "owner/rekey.h"

typedef struct PpdlRekeyTable
{
	/* what to do; all stay the caller's */
	PpdlDb	   *db;
	char		old_id[17],		/* fingerprints of the keys, hexadecimal, and their names */
				new_id[17],
				old_name[64],
				new_name[64];
	PpdlWriterParts *writers;	/* of the database; read again at the end */
	PpdlOwner  *from,			/* not needed before filling; reads the old key's writers' rows, too */
			   *to;
	const char *table,			/* as typed */
			   *batch_column;	/* plain column that gets the batches' new numbers, or NULL */
	PpdlList	columns;		/* none: all of type lwe_cipher, which are added here */
	const PpdlManifests *manifests; /* of the rows' receipts under the old keys, or NULL */
	PpdlManifest *new_manifest; /* takes those under the new key when they are swapped in; goes with manifests */
	int			allow_missing;	/* rows of the manifests that the table lacks are left out of the new one */

	/* what was found and made; released by ppdl_rekey_table_free */
	char		oid[16];
	char	   *name,			/* of the table, as SQL writes it, with its schema */
			   *side,
			   *schema,			/* of both */
			   *comment,		/* of the side table: what it is for */
			   *old_keys,		/* the old key and its writers, which it opens: literals, with commas between */
			   *needs,			/* condition: a column of row t is under one of these */
			   *digest;			/* of row t */
	uint64_t	rows,			/* of the table under the old key or its writers', at first */
				ready,			/* of those, rows in the side table when it went on */
				taken,			/* rows encrypted anew since */
				late,			/* of those, under the lock */
				swapped;		/* rows that changed their key */
	int			begun,			/* an interrupted run left its side table */
				others;			/* lwe_cipher columns of the table that were not asked for */
	struct PpdlRekeyFill *fill;
} PpdlRekeyTable;

/*
 * Looks the table up and at every value's header.  Nothing is written.  PPDL_ERR_KEY naming the keys when there are
 * values of others than the two and the old one's writers, PPDL_ERR_ARGUMENT or a server's error for what cannot be
 * encrypted anew.
 */
PpdlStatus	ppdl_rekey_table_open(PpdlRekeyTable *t, PpdlError *err);
/* fills the side table, committing as it goes; shows progress */
PpdlStatus	ppdl_rekey_table_fill(PpdlRekeyTable *t, PpdlError *err);
/* within a transaction: lock, the rest, new for old, checks, side table dropped; the caller commits */
PpdlStatus	ppdl_rekey_table_swap(PpdlRekeyTable *t, PpdlError *err);
void		ppdl_rekey_table_free(PpdlRekeyTable *t);

#endif
