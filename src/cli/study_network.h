/*
 * The networks of a study: "suggested" (as by ppdl encode), "linear" (no hidden layer), "16-8" (hidden units,
 * quadratic) or an object as for ppdl_create_model, which may leave out "inputs" and have a "name".
 */
#ifndef PPDL_CLI_STUDY_NETWORK_H
#define PPDL_CLI_STUDY_NETWORK_H

#include <jansson.h>

#include "table/features.h"

#define PPDL_NETWORK_SUGGESTED "suggested"

/* list: an array of such; PPDL_ERR_FORMAT says which is none */
PpdlStatus	ppdl_networks_check(const json_t *list, const char *where, PpdlError *err);

typedef struct PpdlNetworkText
{
	char	   *label;			/* its name, or the units of its layers: "18-16-1" */
	char	   *spec;			/* JSON for ppdl_create_model */
	int			hidden;			/* units of the first hidden layer; PPDL_NO_HIDDEN_LAYER: there is none */
} PpdlNetworkText;

/* for rows with that encoding; released with ppdl_network_text_free */
PpdlStatus	ppdl_network_text(PpdlNetworkText *out, const json_t *network, const PpdlFeatures *fs, PpdlError *err);
void		ppdl_network_text_free(PpdlNetworkText *t);

#endif
