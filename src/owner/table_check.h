/*
 * Every row of a table against the manifests of what its owner, and the owner's writers, encrypted: altered, moved,
 * old, missing and unknown rows, each by its id.  A value is looked for in the manifest of the key that it is under.
 * Rows come one by one, in any order; memory is a few bits a row of the manifests.
 */
#ifndef PPDL_OWNER_TABLE_CHECK_H
#define PPDL_OWNER_TABLE_CHECK_H

#include "owner/manifests.h"

typedef enum PpdlRowFault
{
	PPDL_ROW_ALTERED,			/* its bytes are not what was encrypted */
	PPDL_ROW_MOVED,				/* it is the row of another id: both are named */
	PPDL_ROW_REGROUPED,			/* plain columns that are tied to it hold something else */
	PPDL_ROW_REPLAYED,			/* an old version of the row, or one that was deleted */
	PPDL_ROW_REPEATED,			/* the id stands in the table more than once */
	PPDL_ROW_MISSING,			/* the row is not there, or not its value in this column */
	PPDL_ROW_UNKNOWN,			/* the key's, and not in its manifest */
	PPDL_ROW_UNSIGNED,			/* it has no receipt */
	PPDL_ROW_FOREIGN,			/* of a key without a manifest, or no row at all */
	PPDL_ROW_FAULTS
} PpdlRowFault;

/* one word: "altered" */
const char *ppdl_row_fault_name(PpdlRowFault fault);

typedef struct PpdlRowFinding
{
	PpdlRowFault fault;
	int			column;			/* of the manifest; -1: the whole row */
	const char *id;				/* in the table; of a row that is missing, in the manifest; not terminated */
	size_t		id_len;
	const char *other;			/* of a row that was moved, the id that it was encrypted for */
	size_t		other_len;
	char		why[200];		/* more about it, or "" */
} PpdlRowFinding;

typedef PpdlStatus (*PpdlRowFound) (void *arg, const PpdlRowFinding *finding, PpdlError *err);

/* a row as it stands in the table */
typedef struct PpdlTableRow
{
	PpdlRowNote note;			/* its id, and the text of what the bound columns hold */
	struct
	{
		const uint8_t *data;	/* NULL: no value */
		size_t		len;
	}			value[PPDL_MANIFEST_COLUMNS];
} PpdlTableRow;

typedef struct PpdlTableCheck PpdlTableCheck;

/*
 * m: one manifest at least, of keys that o holds.  It stays the caller's, as o does, must outlive the check, and gets
 * no further rows.  found is called for each fault.
 */
PpdlStatus	ppdl_table_check_create(PpdlTableCheck **out, PpdlOwner *o, const PpdlManifests *m, PpdlRowFound found,
									void *arg, PpdlError *err);
void		ppdl_table_check_destroy(PpdlTableCheck *t);

/* *faults (or NULL): how many this row has.  Errors are not the row's: memory, cryptography, those of found. */
PpdlStatus	ppdl_table_check_row(PpdlTableCheck *t, const PpdlTableRow *row, int *faults, PpdlError *err);
/* after the last row, of a table that was read whole: what is missing.  ncolumns: how many columns were read */
PpdlStatus	ppdl_table_check_finish(PpdlTableCheck *t, int ncolumns, PpdlError *err);

uint64_t	ppdl_table_check_rows(const PpdlTableCheck *t);	/* that came */
uint64_t	ppdl_table_check_faults(const PpdlTableCheck *t, PpdlRowFault fault);

#endif
