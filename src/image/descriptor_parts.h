/*
 * The groups of the descriptor, each in a file of its own: intensity.c, cooccurrence.c, binary_patterns.c, spectrum.c,
 * gradients.c.  All take a square of PPDL_DESCRIPTOR_MIN_SIDE pixels a side or more.
 */
#ifndef PPDL_IMAGE_DESCRIPTOR_PARTS_H
#define PPDL_IMAGE_DESCRIPTOR_PARTS_H

#include "image/square.h"

enum
{
	PPDL_INTENSITIES = 16,
	PPDL_COOCCURRENCES = 12,
	PPDL_BINARY_PATTERNS = 10,
	PPDL_SPECTRUM_BANDS = 8,
	PPDL_GRADIENTS = 18
};

void		ppdl_intensities(double *out, const PpdlSquare *sq);
void		ppdl_cooccurrences(double *out, const PpdlSquare *sq);
void		ppdl_binary_patterns(double *out, const PpdlSquare *sq);
void		ppdl_spectrum(double *out, const PpdlSquare *sq);
void		ppdl_gradients(double *out, const PpdlSquare *sq);

#endif
