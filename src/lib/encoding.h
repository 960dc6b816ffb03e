/* Private to the floor: feature files, in encoding.c; rows of a table in encode.c, answers in decode.c. */
#ifndef PPDL_LIB_ENCODING_H
#define PPDL_LIB_ENCODING_H

#include "base/list.h"
#include "lib/handles.h"
#include "table/decoder.h"
#include "table/features.h"

struct ppdl_encoding
{
	PpdlFeatures *fs;
	PpdlDecoder *mean,			/* of rows; of the same answers: */
			   *sum,
			   *difference;
	PpdlList	input,
				column;
};

#endif
