/*
 * Shared by the files that learn an encoding.
 */
#ifndef PPDL_TABLE_FEATURES_LEARN_H
#define PPDL_TABLE_FEATURES_LEARN_H

#include "table/columns.h"
#include "table/features.h"

typedef struct PpdlLearner
{
	PpdlCsv    *csv;
	const PpdlLearnOptions *opt;
	PpdlColumn *column;
	PpdlFeature *how;			/* of each column: how its values are written */
	PpdlFeatures *fs;
	PpdlWriter *notes;
	PpdlError  *err;
} PpdlLearner;

/* appends a line to the notes, if anybody wants them */
void		ppdl_learn_note(PpdlLearner *l, const char *fmt,...) __attribute__((format(printf, 2, 3)));
int			ppdl_listed(char *const *list, const char *name);
/* what follows "COLUMN:" in the list's entry of this column, "" where it is the column's name alone; NULL: none */
const char *ppdl_learn_spec(char *const *list, const char *column);
/* "LO..HI" with LO < HI */
int			ppdl_learn_interval(const char *spec, double *lo, double *hi);

/* cuts, from what follows "COLUMN:"; min and max of the column */
PpdlStatus	ppdl_learn_bands(PpdlFeature *f, double min, double max, const char *column, const char *spec,
							 PpdlError *err);

/* before the rows are read: how the columns' values are written, which are asked to be numbers */
PpdlStatus	ppdl_learn_begin(PpdlLearner *l);
/* the label, after the columns have settled */
PpdlStatus	ppdl_learn_label(PpdlLearner *l);
/* --label-map into the feature that says how the label is written */
PpdlStatus	ppdl_learn_aliases(PpdlFeature *how, const PpdlLearnOptions *opt, PpdlError *err);

/* one way to do what inputs and labels share */
PpdlStatus	ppdl_learn_numbers_only(PpdlLearner *l, const char *name, const PpdlColumn *c);
PpdlStatus	ppdl_learn_numeric(PpdlLearner *l, const char *name, PpdlColumn *c, PpdlFeature *f);
PpdlStatus	ppdl_learn_categories(PpdlLearner *l, const char *name, const PpdlColumn *c, PpdlFeature *f);

#endif
