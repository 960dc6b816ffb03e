/* What a decoder knows of its answers: made in decoder.c, used in decoder_values.c. */
#ifndef PPDL_TABLE_DECODER_IMPL_H
#define PPDL_TABLE_DECODER_IMPL_H

#include "table/decoder.h"

typedef struct PpdlDecoderField
{
	const PpdlFeature *f;
	PpdlAnswerKind kind;
	int			input,			/* encoded input */
				missing;		/* encoded input, or -1 */
	char	   *name;
	/* words */
	int			nwords;
	char	  **word;			/* of the feature file, or own */
	int			own;
} PpdlDecoderField;

struct PpdlDecoder
{
	const PpdlFeatures *fs;
	const PpdlWhitening *map;	/* or NULL */
	PpdlSubject subject;
	PpdlMeaning meaning;
	int			width,			/* values */
				encoded;		/* and after the map */
	int			count,
				cap;
	PpdlDecoderField *field;
	double	   *factor;			/* with a map: of each of its rows, clip over the square of its length */
};

#endif
