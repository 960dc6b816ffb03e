/* Everything that comes as JSON: networks, options of training, feature files. */
#include "fuzz.h"

#include <math.h>

#include "table/features.h"
#include "learn/layout.h"
#include "net/net.h"
#include "net/train.h"

#define FEW 64					/* inputs and units that a case computes with; more only takes longer */

static int
is_small(const PpdlNet *net)
{
	if (net->inputs > FEW)
		return 0;
	for (int l = 0; l < net->nlayers; l++)
		if (net->layer[l].units > FEW)
			return 0;
	return 1;
}

/* the canonical text is read back as the same network */
static void
check_text(const PpdlNet *net)
{
	PpdlNet    *again;
	char	   *text,
			   *text_again;

	OK(ppdl_net_json(net, &text, ERR));
	OK(ppdl_net_parse(&again, text, ERR));
	OK(ppdl_net_json(again, &text_again, ERR));
	must(strcmp(text, text_again) == 0);
	free(text);
	free(text_again);
	ppdl_net_destroy(again);
}

static void
work_with(PpdlNet *net)
{
	const int	count = ppdl_net_weight_count(net);
	double	   *w = calloc((size_t) count, sizeof(double)),
			   *x = calloc((size_t) net->inputs, sizeof(double)),
			   *y = calloc((size_t) ppdl_net_outputs(net), sizeof(double));
	const PpdlParams *deep;
	PpdlSlotLayout lay;

	must(w != NULL && x != NULL && y != NULL);
	for (int i = 0; i < count; i++)
		w[i] = net->bias ? (i % 7 - 3) / 8.0 : 0;
	OK(ppdl_net_set_weights(net, w, count, ERR));
	ppdl_net_predict(net, x, y, ERR);
	OK(ppdl_params_get(PPDL_RING_DEEP, &deep, ERR));
	ppdl_slot_layout(&lay, deep, net, net->inputs, ERR);
	free(w);
	free(x);
	free(y);
}

static void
network(const uint8_t *data, size_t len)
{
	char	   *text = text_of(data, len);
	PpdlNet    *net;

	if (ppdl_net_parse(&net, text, ERR) == PPDL_OK)
	{
		check_text(net);
		if (is_small(net))
			work_with(net);
		ppdl_net_destroy(net);
	}
	free(text);
}

static void
network_seeds(void)
{
	put_text_seed("{\"inputs\":4,\"layers\":[{\"units\":3,\"activation\":\"quadratic\"},{\"units\":1,\"activation\":\"identity\"}]}");
	put_text_seed("{\"inputs\":2,\"input_scale\":[1,0.5],\"bias\":false,\"layers\":[{\"units\":2,\"activation\":{\"poly\":[0,1,0.5]}},"
				  "{\"units\":2,\"activation\":\"square\"}]}");
	put_text_seed("{\"inputs\":3,\"input_scale\":2,\"layers\":[{\"units\":2,\"activation\":{\"name\":\"sigmoid\",\"degree\":7,\"interval\":[-4,4]}},"
				  "{\"units\":2,\"activation\":\"tanh\",\"degree\":3},{\"units\":1,\"activation\":\"poly\",\"coefficients\":[1,2]}]}");
	put_text_seed("{\"inputs\":1,\"layers\":[{\"units\":1,\"activation\":{\"name\":\"relu\"}},{\"units\":1,\"activation\":{\"name\":\"silu\",\"degree\":15}}]}");
	put_text_seed("{\"inputs\":36,\"layers\":[{\"conv2d\":{\"filters\":2,\"kernel\":3,\"stride\":1},\"activation\":\"quadratic\"},"
				  "{\"pool\":\"average\",\"size\":2,\"stride\":1},{\"units\":2}]}");
	put_text_seed("{\"inputs\":24,\"shape\":[2,3,4],\"layers\":[{\"pool\":\"average\",\"size\":2},{\"conv2d\":{\"filters\":3,\"kernel\":1},"
				  "\"activation\":\"tanh\",\"degree\":3}]}");
}

static void
options(const uint8_t *data, size_t len)
{
	char	   *text = text_of(data, len),
			   *again;
	PpdlTrainOptions opt,
				opt_again;

	if (ppdl_train_options_parse(&opt, text, ERR) == PPDL_OK)
	{
		int			steps = ppdl_train_steps(&opt, 1000),
					classes = ppdl_train_minibatches(&opt, 1000);

		must(steps >= 1 && classes >= 1 && classes <= PPDL_MAX_MINIBATCHES);
		must(ppdl_train_minibatch(&opt, 1000, steps - 1) < classes);
		OK(ppdl_train_options_json(&opt, &again, ERR));
		OK(ppdl_train_options_parse(&opt_again, again, ERR));
		must(opt.steps == opt_again.steps && opt.learning_rate == opt_again.learning_rate &&
			 opt.seed == opt_again.seed);
		free(again);
	}
	free(text);
}

static void
options_seeds(void)
{
	put_text_seed("{\"steps\":15,\"batch\":256,\"learning_rate\":0.2,\"momentum\":0.8,\"init_scale\":0.2,\"seed\":1,\"shuffle\":true}");
	put_text_seed("{\"epochs\":2.5,\"shuffle\":false,\"schedule\":\"cosine\"}");
	put_text_seed("");
}

/* a feature file, and the first record of a table encoded with it */
static void
features(const uint8_t *data, size_t len)
{
	PpdlFeatures *fs,
			   *again;
	PpdlWriter	w;
	char		name[256];

	/* what was changed has another digest, and would be read no further */
	if (ppdl_features_parse(&fs, (const char *) data, len, "input", ERR) != PPDL_OK &&
		ppdl_features_parse_renewed(&fs, (const char *) data, len, "input", ERR) != PPDL_OK)
		return;
	ppdl_writer_init(&w);
	OK(ppdl_features_write(fs, &w, ERR));
	must(ppdl_features_parse(&again, (const char *) w.buf, w.len, "again", ERR) == PPDL_OK);
	must(fs->encoding == again->encoding && fs->inputs == again->inputs && fs->outputs == again->outputs && fs->count == again->count);
	for (int i = 0; i < fs->inputs && i < FEW; i++)
		ppdl_features_input_name(fs, i, name, sizeof(name));
	for (int i = 0; i < fs->encoded && i < FEW; i++)
		ppdl_features_encoded_name(fs, i, name, sizeof(name));
	for (int i = 0; i < fs->count; i++)
	{
		const PpdlFeature *f = &fs->feature[i];

		if (f->kind != PPDL_FEATURE_NUMERIC)
			continue;
		must(fabs(ppdl_feature_encode(f, f->min / 2 + f->max / 2)) <= 1 && ppdl_feature_encode(f, f->min) == -1);
		must(isfinite(ppdl_feature_decode(f, 0.25)));
		ppdl_feature_print(f, ppdl_feature_decode(f, -0.5), name, sizeof(name));
	}
	w.len = 0;
	if (ppdl_features_model_spec(fs, 4, &w, ERR) == PPDL_OK)
	{
		PpdlNet    *net;
		char	   *text = text_of(w.buf, w.len);

		/* what is suggested as a model is one */
		OK(ppdl_net_parse(&net, text, ERR));
		ppdl_net_destroy(net);
		free(text);
	}
	ppdl_writer_free(&w);
	ppdl_features_destroy(fs);
	ppdl_features_destroy(again);
}

static void
features_seeds(void)
{
	static char csv[] = "id,age,sex,city,label\n1,30,m,Rome,yes\n2,41.5,f,Bonn,no\n3,,m,Oslo,yes\n4,77,f,Rome,no\n5,30,f,Paris,yes\n";
	static char *bands[] = {"age:10", NULL};
	static char *log[] = {"age", NULL};
	static char *map[] = {"j=yes", "maybe=", NULL};
	const PpdlCsvOptions csv_options = {.name = "seed"};

	for (int banded = 0; banded <= 1; banded++)
	{
		PpdlLearnOptions opt = {.id = "id", .label = "label", .label_map = map, .log = banded ? NULL : log,
								.outside = PPDL_OUTSIDE_NULL, .bands = banded ? bands : NULL, .one_hot_weight = 1,
								.constant = banded,
			.pad = banded, .max_categories = 10};
		FILE	   *f = fmemopen(csv, strlen(csv), "r");
		PpdlFeatures *fs;
		PpdlCsv    *in;
		PpdlWriter	w;

		must(f != NULL);
		ppdl_writer_init(&w);
		OK(ppdl_csv_open(&in, f, &csv_options, ERR));
		OK(ppdl_features_learn(&fs, in, &opt, NULL, ERR));
		if (!banded)
		{
			ppdl_csv_close(in);
			rewind(f);
			OK(ppdl_csv_open(&in, f, &csv_options, ERR));
			OK(ppdl_features_learn_map(fs, in, 0, ERR));
		}
		OK(ppdl_features_write(fs, &w, ERR));
		put_writer_seed(&w);
		ppdl_features_destroy(fs);
		ppdl_csv_close(in);
		fclose(f);
	}
}

static const FuzzCase fuzz_case[] = {
	{"network", network, network_seeds},
	{"options", options, options_seeds},
	{"features", features, features_seeds},
	{NULL}
};
