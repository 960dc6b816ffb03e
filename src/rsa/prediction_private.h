/* A prediction that rows are being added to, and the pieces of its wire form. */
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

/* the body of a prediction: its layout (pub NULL), or also its parts against the key */
PpdlStatus	ppdl_rsa_prediction_check(const PpdlRsaView *view, const PpdlRsaPublic *pub, PpdlError *err);
/* is it a prediction, and under this key? */
PpdlStatus	ppdl_rsa_prediction_check_key(const PpdlRsaPublic *pub, const PpdlRsaView *view, PpdlError *err);

/* a layer's units, as on the wire */
PpdlRsaUnit ppdl_rsa_read_unit(const PpdlRsaPredictionView *v, uint32_t u);
void		ppdl_rsa_write_units(PpdlWriter *w, const PpdlRsaLayer *layer);

#endif
