/* A prediction that rows are being added to. */
#ifndef PPDL_RSA_PREDICTION_PRIVATE_H
#define PPDL_RSA_PREDICTION_PRIVATE_H

#include "rsa/prediction.h"

struct PpdlRsaPrediction
{
	const PpdlRsaPublic *pub;
	uint32_t	units;
	uint32_t	rest_len;
	PpdlWriter	model;			/* units and the rest, as on the wire */
	uint32_t	rows;
	uint32_t	parts;
	uint8_t		flags;
	PpdlWriter	sums;			/* of all rows, as on the wire */
};

/* what the wire form puts before each row */
#define PPDL_RSA_ROW_NULL 0
#define PPDL_RSA_ROW_PRESENT 1

/* a layer's units, as on the wire */
void		ppdl_rsa_write_units(PpdlWriter *w, const PpdlRsaLayer *layer);

#endif
