#include "ckks/schedule.h"

const PpdlC2sLevel ppdl_row_c2s[PPDL_ROW_C2S_LEVELS] = {
	{.period = 8192, .len = 8192, .stages = 5, .stride = 256},
	{.period = 1024, .len = 256, .stages = 4, .stride = 16},
	{.period = 4 * PPDL_ROW_C2S_BLOCK, .len = PPDL_ROW_C2S_BLOCK, .stages = 4, .stride = 1},
};

int
ppdl_row_rotation_limbs(int r)
{
	for (int level = 0; level < PPDL_ROW_C2S_LEVELS; level++)
	{
		const int	stride = ppdl_row_c2s[level].stride,
					steps = r / stride;

		if (r % stride != 0)
			continue;
		if ((steps > 0 && steps <= PPDL_ROW_C2S_BABY) || (level > 0 && steps == -PPDL_ROW_C2S_BABY))
			return PPDL_ROW_C2S_LIMBS - level;
	}
	return 0;
}

int
ppdl_deep_stages(const PpdlParams *par, int level)
{
	return (par->logn - 1 + PPDL_BOOT_C2S_LEVELS - 1 - level) / PPDL_BOOT_C2S_LEVELS;
}

void
ppdl_c2s_rotation(PpdlC2sRotation *rotated, int i, int levels, long stride, long last)
{
	rotated->in = rotated->out;
	rotated->source = i > 0 ? (int) (rotated->in - last) : 0;
	rotated->out = i < levels - 1 ? stride + last : last;
}
