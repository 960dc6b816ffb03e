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

/* ------------------------------------------------------------------ features_options.c */

int			ppdl_listed(char *const *list, const char *name);
/* what follows "COLUMN:" in the list's entry of this column, "" where it is the column's name alone; NULL: none */
const char *ppdl_learn_spec(char *const *list, const char *column);
/* "LO..HI" with LO < HI */
int			ppdl_learn_interval(const char *spec, double *lo, double *hi);
/* 1 when --quantile-range says something of the column, by its name or for all */
int			ppdl_learn_quantiles(const PpdlLearnOptions *opt, const char *name, double *lo, double *hi);
/* before the rows are read: how the columns' values are written, which are asked to be numbers */
PpdlStatus	ppdl_learn_begin(PpdlLearner *l);

/* ------------------------------------------------------------------ features_bands.c */

/* cuts, from what follows "COLUMN:"; min and max of the column */
PpdlStatus	ppdl_learn_bands(PpdlFeature *f, double min, double max, const char *column, const char *spec,
							 PpdlError *err);

/* ------------------------------------------------------------------ features_extend.c */

/* --thermometer: its bits, after all columns have their features; --moments: the products, after these */
PpdlStatus	ppdl_learn_thermometers(PpdlLearner *l);
PpdlStatus	ppdl_learn_moments(PpdlLearner *l);

/* ------------------------------------------------------------------ features_column.c */

/* one more, of weight 1 and zeros; NULL: out of memory */
PpdlFeature *ppdl_learn_feature(PpdlFeatures *fs);
/* appends a line to the notes, if anybody wants them */
void		ppdl_learn_note(PpdlLearner *l, const char *fmt,...) __attribute__((format(printf, 2, 3)));
/* one way to do what inputs and labels share */
PpdlStatus	ppdl_learn_numbers_only(PpdlLearner *l, const char *name, const PpdlColumn *c);
PpdlStatus	ppdl_learn_numeric(PpdlLearner *l, const char *name, PpdlColumn *c, PpdlFeature *f);
PpdlStatus	ppdl_learn_form(PpdlColumn *c, PpdlFeature *f, PpdlError *err);	/* how its numbers are written */
PpdlStatus	ppdl_learn_categories(PpdlLearner *l, const char *name, const PpdlColumn *c, PpdlFeature *f);
void		ppdl_learn_swap(PpdlFeature *f);	/* the two categories */

/* ------------------------------------------------------------------ features_label_map.c */

/* --label-map into the feature that says how the label is written */
PpdlStatus	ppdl_learn_aliases(PpdlFeature *how, const PpdlLearnOptions *opt, PpdlError *err);
/* does --label-map have codes? */
int			ppdl_learn_has_codes(char *const *map);
/* the value that was first mapped to +1 or -1, malloc'ed: its class is called so; NULL: none, or out of memory */
char	   *ppdl_learn_code_class(char *const *map, int code);

/* ------------------------------------------------------------------ features_label.c */

/* the label, after the columns have settled */
PpdlStatus	ppdl_learn_label(PpdlLearner *l);

#endif
