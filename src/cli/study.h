/*
 * A study: datasets, networks and methods that ppdl study compares (doc/cli-reference.md, "study").
 *
 * In study.c: reading one, from JSON text or from what the command line says.  Everything that decides results is in
 * its JSON form, defaults written out, which is kept beside the results (study_results.h).
 */
#ifndef PPDL_CLI_STUDY_H
#define PPDL_CLI_STUDY_H

#include <jansson.h>

#include "cli/encode_args.h"

typedef enum PpdlStudyMethod
{
	PPDL_METHOD_MAJORITY,		/* the most frequent class */
	PPDL_METHOD_LOGISTIC,		/* logistic regression in the clear */
	PPDL_METHOD_PLAIN,			/* trained and predicted in the clear */
	PPDL_METHOD_LWE_PLAIN_MODEL,	/* trained in the clear, predicted on encrypted rows */
	PPDL_METHOD_LWE,			/* trained and predicted on encrypted rows */
	PPDL_METHOD_RSA,			/* trained in the clear, first layer on RSA rows */
	PPDL_STUDY_METHODS
} PpdlStudyMethod;

extern const char *const ppdl_study_method[PPDL_STUDY_METHODS + 1];	/* NULL ends it */

static inline int
ppdl_method_has_network(PpdlStudyMethod m)
{
	return m >= PPDL_METHOD_PLAIN;
}

typedef struct PpdlStudySet
{
	const char *name,
			   *file,			/* its path */
			   *group;			/* column whose equal values stay on one side of a split, or NULL */
	PpdlEncodeArgs encode;
	const json_t *networks;		/* array: names ("suggested", "linear", "16-8") and specifications */
	json_t	   *training;		/* object: options of ppdl_train */
} PpdlStudySet;

typedef struct PpdlStudy
{
	json_t	   *json;			/* owns all texts */
	PpdlStudySet *set;
	int			nsets;
	int			has_method[PPDL_STUDY_METHODS];
	int			folds,
				repeats,
				input_bits,		/* of RSA rows */
				weight_bits;
	long		seed;
} PpdlStudy;

/*
 * json: {"datasets": [{"name", "file", ...}], "networks", "methods", "folds", "repeats", "seed", "training", "rsa"}; a
 * reference is taken.  Files are relative to directory (NULL: to where the tool runs).  PPDL_ERR_FORMAT says where in
 * the JSON.  Released with ppdl_study_destroy.
 */
PpdlStatus	ppdl_study_create(PpdlStudy **out, json_t *json, const char *directory, PpdlError *err);
void		ppdl_study_destroy(PpdlStudy *s);	/* NULL is allowed */

/* ------------------------------------------------------------------ encode's options as JSON (study_encode.c) */

/* the members of a dataset that are options of ppdl encode; texts are those of json */
PpdlStatus	ppdl_study_encode_read(PpdlEncodeArgs *a, const json_t *set, const char *where, PpdlError *err);
/* sets them in set, those that are no defaults; NULL when out of memory */
void		ppdl_study_encode_write(const PpdlEncodeArgs *a, json_t **set);
/* is it one of those members? */
int			ppdl_study_encode_has(const char *member);

#endif
