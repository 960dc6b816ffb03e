/*
 * A feature encoding: how the columns of a CSV file become numbers in [-1, 1],
 * learned once from a file, kept as JSON that a person can read and edit, and
 * applied to every later file (doc/cli-reference.md, "Feature files").
 *
 *	numeric		one input, min -> -1, max -> +1, linear between, or linear in the logarithm
 *	bands		one input a band of a number, 1 where the number falls, else 0
 *	binary		one input, first category -1, second +1
 *	one-hot		one input a category, 1 or 0; in a label +1 or -1
 *	constant	one input, always 1
 *	padding		inputs that are always 0
 *	at-least	further inputs of a number (numeric or bands) before it: one a threshold, 1 where the number is not
 *				below, else 0, and 0 where it is missing
 *	products	the products of two encoded inputs of columns before it that are not known without them
 *
 * A column with `missing` has one input more: 1 where the field is empty (all others of the
 * column are then 0), else 0.  weight belongs to the model, not to the stored value: it becomes
 * the inputs' input_scale.
 *
 * Of two categories the second is +1: in a label the positive class.
 *
 * With a map (stats/whiten.h) these are the encoded inputs, and rows hold what the map makes of them.
 */
#ifndef PPDL_TABLE_FEATURES_H
#define PPDL_TABLE_FEATURES_H

#include "base/error.h"
#include "table/csv.h"
#include "table/numeral.h"
#include "stats/whiten.h"

struct json_t;

#define PPDL_MAX_INPUTS 4096

typedef enum PpdlFeatureKind
{
	PPDL_FEATURE_NUMERIC,
	PPDL_FEATURE_BANDS,
	PPDL_FEATURE_BINARY,
	PPDL_FEATURE_ONE_HOT,
	PPDL_FEATURE_CONSTANT,
	PPDL_FEATURE_PADDING,
	PPDL_FEATURE_AT_LEAST,
	PPDL_FEATURE_PRODUCTS
} PpdlFeatureKind;

/* of what a numeric column is linear in */
typedef enum PpdlFeatureScale
{
	PPDL_SCALE_LINEAR,
	PPDL_SCALE_LOG,				/* log v, min > 0 */
	PPDL_SCALE_LOG1P			/* log(1 + v), min >= 0 */
} PpdlFeatureScale;

/* what number a day becomes */
typedef enum PpdlDateUse
{
	PPDL_DATE_NONE,				/* the column has no dates */
	PPDL_DATE_DAY,				/* days since 1970-01-01 */
	PPDL_DATE_AGE,				/* years from it to `at` */
	PPDL_DATE_SINCE				/* days from `at` to it */
} PpdlDateUse;

/* what becomes of numbers outside of min..max */
typedef enum PpdlOutside
{
	PPDL_OUTSIDE_ERROR,
	PPDL_OUTSIDE_CLAMP,			/* the nearer bound */
	PPDL_OUTSIDE_NULL			/* a missing value, a NULL label */
} PpdlOutside;

/* in a label: rows with this value have the label `to` instead, or none (NULL) */
typedef struct PpdlAlias
{
	char	   *from,
			   *to;
} PpdlAlias;

typedef struct PpdlFeature
{
	char	   *column;			/* NULL for constant, padding and products */
	PpdlFeatureKind kind;
	PpdlNumerals numerals;		/* how its numbers are written */
	PpdlDateUse date;
	long		at;				/* a day (table/calendar.h) */
	char	   *date_format;	/* as of strptime; NULL: what ppdl_day_parse knows */
	PpdlFeatureScale scale;
	double		min,
				max;
	double		step;			/* its numbers are multiples of it, as far as was seen; 0: not known */
	int			ncuts;			/* band j holds cut[j-1] <= v < cut[j]; at-least: bit j is 1 for v >= cut[j] */
	double	   *cut;
	int			base;			/* at-least: the feature that reads the number */
	char	  **factors;		/* products: columns, NULL-terminated */
	int			(*pair)[2];		/* products: of each input the two that it is the product of, the lesser first */
	int			ncategories;
	char	  **category;
	long	   *rows;			/* of each category, where it was learned just now; else NULL */
	int			naliases;
	PpdlAlias  *alias;
	int			missing;
	double		weight;
	int			inputs;			/* how many, the missing one included */
	int			first;			/* index of its first input */
} PpdlFeature;

typedef struct PpdlFeatures
{
	uint64_t	encoding;		/* its id (rows/encoding.h), 0: none: files of 0.1.0, --raw */
	char	   *source;			/* name of the file it was learned from */
	long		rows,
				unlabelled;		/* of these, where it was learned just now */
	int			raw;			/* --raw: no file behind it */
	/* the file, and so whatever is encoded later, unless told otherwise */
	char		delimiter;		/* 0: found by itself */
	char	   *charset;		/* NULL: UTF-8 */
	int			no_header;
	char	  **na,				/* words for a missing value, NULL-terminated, or NULL */
			  **na_numbers;		/* further ones in columns of numbers */
	PpdlOutside outside;
	char	   *id;				/* column, or NULL */
	int			count;
	PpdlFeature *feature;
	PpdlFeature *label;			/* or NULL */
	int			encoded;		/* inputs of the features */
	PpdlWhitening *map;			/* or NULL */
	int			inputs,			/* values a row: encoded, or what the map makes of them */
				outputs;		/* 0 without label */
} PpdlFeatures;

void		ppdl_features_destroy(PpdlFeatures *fs);

/* ------------------------------------------------------------------ learning */

/* LIST options hold NULL-terminated arrays, or NULL */
typedef struct PpdlLearnOptions
{
	const char *id,
			   *label;
	char	  **exclude;
	char	  **columns;		/* only these, in this order */
	char	  **bands;			/* COLUMN:WIDTH, COLUMN:FROM..TO/WIDTH, COLUMN:a,b,c */
	char	  **numeric;
	char	  **category;
	const char *positive;		/* of a label of two classes the one that is +1; NULL: by common words, then by order */
	char	  **label_map;		/* VALUE=+1, VALUE=-1, VALUE=CLASS, VALUE= */
	char		decimal,		/* 0: as the columns show it */
				thousands;		/* 0: none */
	char	  **na;				/* besides common words; "" among them drops these */
	char	  **dates;			/* COLUMN, COLUMN:age@DAY, COLUMN:since@DAY */
	const char *date_format;
	char	  **range;			/* COLUMN:LO..HI */
	char	  **quantile_range; /* COLUMN:LO..HI or LO..HI, parts of 1 */
	char	  **log;
	char	  **thermometer;	/* COLUMN:a,b,c */
	int			moments;		/* products of all numeric columns, or of */
	char	  **moments_of;		/* these */
	int			outside;		/* PpdlOutside, or -1: clamp with quantile_range, else an error */
	double		one_hot_weight; /* of bands and one-hot blocks */
	int			constant;
	int			pad;			/* to a power of two */
	int			max_categories;
	int			no_header;		/* the file has none */
	int			whiten,			/* a map is to be learned, too, by ppdl_features_learn_map */
				components;		/* that the map keeps, 0: all there may be */
} PpdlLearnOptions;

/* Reads csv to its end. notes: one line for every column left out, appended; may be NULL. */
PpdlStatus	ppdl_features_learn(PpdlFeatures **out, PpdlCsv *csv, const PpdlLearnOptions *opt, PpdlWriter *notes,
								PpdlError *err);

/*
 * The rows once more, csv opened anew: learns the map of what fs makes of them, of `components` directions
 * (0: all in which rows of such columns may vary), and puts it into fs.  PPDL_ERR_FORMAT
 * when there are not as many rows as at first, PPDL_ERR_RANGE beyond PPDL_WHITEN_MAX_INPUTS.
 */
PpdlStatus	ppdl_features_learn_map(PpdlFeatures *fs, PpdlCsv *csv, int components, PpdlError *err);

/* rows: with a value that the map clips; clipped: such values */
PpdlStatus	ppdl_features_count_clipped(const PpdlFeatures *fs, PpdlCsv *csv, long *clipped, long *rows,
										PpdlError *err);

/* Every column of csv but those named is a number in [-1, 1] already. */
PpdlStatus	ppdl_features_raw(PpdlFeatures **out, const PpdlCsv *csv, const char *id, const char *label, char **exclude,
							  PpdlError *err);

/* ------------------------------------------------------------------ files */

/*
 * The file holds its encoding's id and a digest of all else in it, which tells that somebody edited it: rows encrypted
 * before and after would have one id and mean different things.  PPDL_ERR_FORMAT with a hint then.
 */
PpdlStatus	ppdl_features_load(PpdlFeatures **out, const char *path, PpdlError *err);
/* name: of the text, for messages */
PpdlStatus	ppdl_features_parse(PpdlFeatures **out, const char *json, size_t len, const char *name, PpdlError *err);
/* the same for what may have been edited, or has no id: with a new one */
PpdlStatus	ppdl_features_load_renewed(PpdlFeatures **out, const char *path, PpdlError *err);
PpdlStatus	ppdl_features_parse_renewed(PpdlFeatures **out, const char *json, size_t len, const char *name,
										PpdlError *err);
/* appends the JSON text */
PpdlStatus	ppdl_features_write(const PpdlFeatures *fs, PpdlWriter *w, PpdlError *err);

/*
 * Does the map leave out directions in which rows may vary?  Then its inverse takes what they hold at the mean of the
 * rows that it was learned from, and answers are estimates whose error nobody knows.
 */
int			ppdl_features_lossy(const PpdlFeatures *fs);

/* band 0 .. ncuts of a column's cuts: "< 20", "20..<22", ">= 40" */
#define PPDL_FEATURE_BAND 72
void		ppdl_feature_band_name(const PpdlFeature *f, int band, char out[PPDL_FEATURE_BAND]);
/* of an encoded input: "Age 20..<22", "Gender = Male", "Age missing", "Age>=40", "Age*Weight" */
void		ppdl_features_encoded_name(const PpdlFeatures *fs, int input, char *out, size_t size);
/* of a value of the row: the same without a map, "component 1" and "constant" with one */
void		ppdl_features_input_name(const PpdlFeatures *fs, int input, char *out, size_t size);

/* ------------------------------------------------------------------ values made of others */

#define PPDL_PRODUCT_NONE (-1)
#define PPDL_PRODUCT_ZERO (-2)
/*
 * The value of a row that is the product of its values i and j (from 0, in either order; the same twice: the square).
 * That may be a value that is no product itself: a bit is its own square.  PPDL_PRODUCT_ZERO: the product is 0 in every
 * row, as that of two categories of one column, or of a number and what says that it is missing.  PPDL_PRODUCT_NONE: no
 * value of the row holds it, as without --moments, or with a map.
 */
int			ppdl_features_product(const PpdlFeatures *fs, int i, int j);
/* the feature that has the encoded input, 0 <= input < fs->encoded */
const PpdlFeature *ppdl_features_owner(const PpdlFeatures *fs, int input);

/* ------------------------------------------------------------------ what to train on it */

/*
 * All of this follows from the structure of the encoding alone (columns, kinds, classes), never from values.
 *
 * units of the hidden layer for `units` that somebody asked for, or 0: as many as encrypted training takes, 16 at most;
 * none (0) when that leaves fewer than two a class, and for PPDL_NO_HIDDEN_LAYER
 */
#define PPDL_NO_HIDDEN_LAYER (-1)
int			ppdl_features_suggest_units(const PpdlFeatures *fs, int units);
/* slots a row that encrypted training takes with so many units (0: no hidden layer), of PPDL_MAX_SLOTS_A_ROW */
long		ppdl_features_slots(const PpdlFeatures *fs, int units);
#define PPDL_MAX_SLOTS_A_ROW 2048
/* has it no map, and enough inputs for one to help? */
int			ppdl_features_need_map(const PpdlFeatures *fs);
/*
 * Appends the specification for ppdl_create_model: one hidden layer or none, the output layer as the label asks, and an
 * input_scale at which ppdl_train does not diverge.
 */
PpdlStatus	ppdl_features_model_spec(const PpdlFeatures *fs, int units, PpdlWriter *w, PpdlError *err);
/* appends the options for ppdl_train; units as above */
PpdlStatus	ppdl_features_train_options(const PpdlFeatures *fs, int units, PpdlWriter *w, PpdlError *err);

/* ------------------------------------------------------------------ applying */

/* Files are written like the one that the encoding was learned from, as far as opt does not say.  fs may be NULL. */
void		ppdl_features_csv(const PpdlFeatures *fs, PpdlCsvOptions *opt);

/* what to do about fields that cannot be encoded, in the words of who calls */
typedef struct PpdlBindingHints
{
	const char *outside,		/* numbers outside of the range; */
			   *outside_raw,	/* the same without a feature file */
			   *unknown,		/* categories that were not learned, */
			   *missing,		/* missing values where none were learned */
			   *unknown_label,
			   *no_label;		/* the file has no column of labels */
} PpdlBindingHints;

typedef struct PpdlBinding
{
	const PpdlFeatures *fs;
	const PpdlBindingHints *hints;
	const char *file;			/* for messages */
	int		   *column;			/* of feature i in the file; -1 where it has none */
	int			label;			/* column, -1 when the file or the encoding has none */
	int			id;				/* column, or -1 */
	int			unknown_other;	/* unknown or unexpectedly missing: all of the column's inputs 0, and counted */
	PpdlOutside outside;		/* the encoding's own, to begin with; what is not an error is counted */
	long		unknown,
				clamped,		/* made the nearer bound, or missing */
				clipped;		/* values beyond what the map keeps */
	double	   *encoded;		/* with a map: room for what goes into it */
} PpdlBinding;

/* Finds the columns; a missing one is an error, but for the label when need_label is 0.  Hints are the tool's. */
PpdlStatus	ppdl_binding_init(PpdlBinding *b, const PpdlFeatures *fs, const PpdlCsv *csv, int need_label,
							  PpdlError *err);
PpdlStatus	ppdl_binding_init_with(PpdlBinding *b, const PpdlFeatures *fs, const PpdlCsv *csv, int need_label,
								   const PpdlBindingHints *hints, PpdlError *err);
void		ppdl_binding_free(PpdlBinding *b);
/*
 * x: fs->inputs values, y: fs->outputs, or NULL: no label; *has_label = 0 when the label's field is empty.
 * PPDL_ERR_FORMAT "file:line: column "c": ..." for what cannot be encoded.
 */
PpdlStatus	ppdl_binding_apply(PpdlBinding *b, const PpdlCsvRow *row, double *x, double *y, int *has_label,
							   PpdlError *err);

/* ------------------------------------------------------------------ single values, and what they were */

/* 1 when a field of the column stands for a missing value: it is empty, or one of the encoding's words */
int			ppdl_feature_missing(const PpdlFeatures *fs, const PpdlFeature *f, const char *s);
/* A field of a numeric column or one of bands, in the column's unit: 1; 0: no number (no day), -1: not finite. */
int			ppdl_feature_number(const PpdlFeature *f, const char *s, double *v);
/* min..max to [-1, 1]; kind numeric.  Increasing. */
double		ppdl_feature_encode(const PpdlFeature *f, double v);
/* what a numeric column is linear in: the number or its logarithm */
double		ppdl_feature_scaled(const PpdlFeature *f, double v);
/* that is the middle of min..max plus x times a half of it, of an encoded x */
double		ppdl_feature_middle(const PpdlFeature *f);
double		ppdl_feature_half(const PpdlFeature *f);
/*
 * Its inverse, for any x.  Where the column is linear the mean of encoded values gives the mean of the numbers; of a
 * logarithm it gives their geometric mean (less 1, of numbers that 1 was added to).
 */
double		ppdl_feature_decode(const PpdlFeature *f, double x);
/* a number in the column's unit as people read it: "76.5", "5 %", the day itself (2026-01-31), "54.2" years or days */
void		ppdl_feature_print(const PpdlFeature *f, double v, char *out, size_t size);
/* behind the name of a column of days, when its numbers are shown as such: " (days since 1970-01-01)"; else "" */
#define PPDL_FEATURE_UNIT 48
void		ppdl_feature_unit(const PpdlFeature *f, char out[PPDL_FEATURE_UNIT]);
/* index of a field's category, by its text, another spelling of its number, or but for case and blanks */
#define PPDL_CLASS_UNKNOWN (-1)
#define PPDL_CLASS_MISSING (-2)
int			ppdl_feature_class(const PpdlFeatures *fs, const PpdlFeature *f, const char *s);

/* ------------------------------------------------------------------ shared by the above */

/*
 * "1.0" and "1" are one category: 1 when s is a finite number that is no code (a leading zero before another digit
 * makes it one), and then its value.
 */
int			ppdl_parse_category_number(const char *s, double *v);
/* shortest text that reads back as v */
void		ppdl_print_number(char out[32], double v);
void		ppdl_put_number(PpdlWriter *w, double v);	/* the same, appended */
/* numbers by value before all other text, which goes by bytes */
int			ppdl_compare_categories(const void *a, const void *b);
/* of a feature file but for its member "digest": 32 hexadecimal digits and a zero */
#define PPDL_FEATURES_DIGEST_SIZE 33
PpdlStatus	ppdl_features_digest(char out[PPDL_FEATURES_DIGEST_SIZE], const struct json_t *root, PpdlError *err);
/* the member "map" of a feature file: appended to w, and read */
void		ppdl_features_put_map(PpdlWriter *w, const PpdlWhitening *map);
PpdlStatus	ppdl_features_get_map(PpdlWhitening **out, const struct json_t *map, int encoded, const char *name,
								  PpdlError *err);
/* the members of a feature file that say how values are written and what they mean (features_values_json.c) */
void		ppdl_features_put_values(const PpdlFeatures *fs, struct json_t **root);
void		ppdl_feature_put_values(const PpdlFeature *f, struct json_t **o);
PpdlStatus	ppdl_features_get_values(PpdlFeatures *fs, const struct json_t *root, const char *name, PpdlError *err);
/* place: of the feature, for messages */
PpdlStatus	ppdl_feature_get_values(PpdlFeature *f, const struct json_t *o, const char *name, const char *place,
									PpdlError *err);
void		ppdl_feature_clear(PpdlFeature *f);
/* a NULL-terminated copy; NULL when out of memory */
char	  **ppdl_copy_words(char *const *words);
void		ppdl_free_words(char **words);
/* the field as the label's aliases have it; NULL: a missing value */
const char *ppdl_feature_renamed(const PpdlFeature *f, const char *s);
/* counts inputs, sets first, and finds what is made of what; PPDL_ERR_RANGE beyond PPDL_MAX_INPUTS */
PpdlStatus	ppdl_features_number(PpdlFeatures *fs, PpdlError *err);

#endif
