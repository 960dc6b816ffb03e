#include "image/descriptor.h"

#include <math.h>

#include "image/descriptor_parts.h"

_Static_assert(PPDL_INTENSITIES + PPDL_COOCCURRENCES + PPDL_BINARY_PATTERNS + PPDL_SPECTRUM_BANDS + PPDL_GRADIENTS ==
			   PPDL_DESCRIPTOR_SIZE, "the groups are the descriptor");

static const char *const names[PPDL_DESCRIPTOR_SIZE] = {
	"grey_mean", "grey_sd", "grey_skewness", "grey_kurtosis",
	"grey_p01", "grey_p05", "grey_p10", "grey_p25", "grey_p50", "grey_p75", "grey_p90", "grey_p95", "grey_p99",
	"grey_entropy", "grey_uniformity", "grey_centre",
	"glcm1_contrast", "glcm1_correlation", "glcm1_energy", "glcm1_homogeneity",
	"glcm2_contrast", "glcm2_correlation", "glcm2_energy", "glcm2_homogeneity",
	"glcm4_contrast", "glcm4_correlation", "glcm4_energy", "glcm4_homogeneity",
	"lbp_0", "lbp_1", "lbp_2", "lbp_3", "lbp_4", "lbp_5", "lbp_6", "lbp_7", "lbp_8", "lbp_other",
	"spectrum_1", "spectrum_2", "spectrum_3", "spectrum_4", "spectrum_5", "spectrum_6", "spectrum_7", "spectrum_8",
	"gradient1_0", "gradient1_20", "gradient1_40", "gradient1_60", "gradient1_80", "gradient1_100", "gradient1_120",
	"gradient1_140", "gradient1_160",
	"gradient4_0", "gradient4_20", "gradient4_40", "gradient4_60", "gradient4_80", "gradient4_100", "gradient4_120",
	"gradient4_140", "gradient4_160",
};

const char *
ppdl_descriptor_name(int i)
{
	return names[i];
}

PpdlStatus
ppdl_descriptor(double *out, const PpdlImage *im, PpdlError *err)
{
	PpdlSquare	sq;
	int			side = im->width < im->height ? im->width : im->height;
	double	   *to = out;

	if (side > PPDL_DESCRIPTOR_MAX_SIDE)
		side = PPDL_DESCRIPTOR_MAX_SIDE;
	if (side < PPDL_DESCRIPTOR_MIN_SIDE)
		side = PPDL_DESCRIPTOR_MIN_SIDE;
	PPDL_TRY(ppdl_square_take(&sq, im, side, err));
	ppdl_intensities(to, &sq);
	to += PPDL_INTENSITIES;
	ppdl_cooccurrences(to, &sq);
	to += PPDL_COOCCURRENCES;
	ppdl_binary_patterns(to, &sq);
	to += PPDL_BINARY_PATTERNS;
	ppdl_spectrum(to, &sq);
	to += PPDL_SPECTRUM_BANDS;
	ppdl_gradients(to, &sq);
	/* what would be 0 but for rounding depends on the machine */
	for (int i = 0; i < PPDL_DESCRIPTOR_SIZE; i++)
		if (fabs(out[i]) < 1e-9)
			out[i] = 0;
	return PPDL_OK;
}
