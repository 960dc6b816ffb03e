/* Private to the floor: feature files, in encoding.c; rows of a table in encode.c, answers in decode.c. */
#ifndef PPDL_LIB_ENCODING_H
#define PPDL_LIB_ENCODING_H

#include "lib/handles.h"
#include "lib/names.h"
#include "table/features.h"

struct ppdl_encoding
{
	PpdlFeatures *fs;
	PpdlNames	input,
				column,
				average;
};

/* the names of what ppdl_decode_average writes (decode.c) */
PpdlStatus	ppdl_name_averages(ppdl_encoding *encoding, PpdlError *err);

#endif
