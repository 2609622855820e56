# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A difference, and what explains it
#
# Some herniated discs resorb, others do not. In a bulk sample of the tissue, a mechanism can look
# stronger for two reasons: its cells regulate it, or there are more of its cells. This notebook
# tells the story of `mechanisms demo` in Python, on a cohort in which the truth is known because it
# was planted. **All data here are simulated.**

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

import mechanisms as mech

# %% [markdown]
# ## The cohort
#
# 12 resorbing against 12 non-resorbing donors. Resorbing tissue holds more macrophages (15 %
# against 5 % on average). Inside the cells two mechanisms are regulated, and nothing else is.

# %%
simulated, truth = mech.simulate_cohort()
simulated.obs.groupby("outcome")["true_macrophage"].describe().round(2)

# %%
truth[truth["truth"] == "regulated"]

# %% [markdown]
# ## Load
#
# `load` takes tables, series matrices, h5ad or an AnnData, and says what it decided.

# %%
cohort = mech.load(simulated, tissue="herniation", scale="counts")
print(cohort)
for key in ("scale", "scale_evidence", "identifiers", "identifier_evidence", "collapse_detail"):
    print(f"{key}: {cohort.uns['mechanisms'][key]}")

# %% [markdown]
# ## Coverage
#
# A signature is scored only where enough of its genes were measured, in each of its directions.

# %%
coverage = mech.coverage(cohort)
coverage.loc[coverage["fraction"].nsmallest(5).index].iloc[:, :7]

# %% [markdown]
# ## Score
#
# One row for each sample, one column for each signature; balances come last. The default scorer
# ranks the genes within a sample, so that a sample's score depends on that sample alone.

# %%
scores = mech.score(cohort)
scores.iloc[:4, :5].round(3)

# %% [markdown]
# ## Compare
#
# Donors are compared, never cells or genes. `estimate` is Hedges g, target minus reference; `fdr`
# runs over the declared family, the core signatures of mechanisms.

# %%
effects = mech.compare(cohort, "outcome", donor="donor_id")
effects = effects.merge(truth, on="signature", how="left")
found = effects[effects["fdr"] <= 0.05].sort_values("fdr")
shown = found[["signature", "estimate", "ci_low", "ci_high", "fdr", "truth"]].round(2)
shown.assign(fdr=found["fdr"].map("{:.1g}".format))

# %% [markdown]
# The two regulated mechanisms are there, and so are many more. Those were not regulated in any
# cell: their genes are made by macrophages, and there are more macrophages.

# %%
found["truth"].value_counts()

# %% [markdown]
# ## Why composition matters
#
# `macrophage_lam` differs between the groups, and within each group it follows the number of
# macrophages: the donors lie on one line, whatever their outcome. `matrix_aggrecanase` does not
# follow the macrophages within the groups; the groups stand apart all the same.

# %%
joined = cohort.obs.join(scores)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharex=True)
for ax, signature in zip(axes, ("macrophage_lam", "matrix_aggrecanase"), strict=True):
    sns.scatterplot(joined, x="content_macrophage", y=signature, hue="outcome", ax=ax)
    ax.set_title(signature)
axes[1].get_legend().remove()
figure.tight_layout()

# %% [markdown]
# ## The whole study
#
# `run` does all of this from a study file: it also compares beside composition, and says what may
# be claimed. A laboratory starts here, with two tables and a study file.

# %%
folder = Path(tempfile.mkdtemp())
counts = pd.DataFrame(simulated.X.T, index=simulated.var_names, columns=simulated.obs_names)
counts.astype(int).rename_axis("gene").to_csv(folder / "counts.tsv", sep="\t")
simulated.obs[["outcome", "donor_id", "age", "sex"]].to_csv(folder / "samples.tsv", sep="\t")
(folder / "study.yaml").write_text(
    """\
study: demo_story
data: {matrix: counts.tsv, samples: samples.tsv, tissue: herniation}
design:
  variable: outcome
  target: resorbing
  reference: non_resorbing
  label_basis: simulated
  donor: donor_id
"""
)
results = mech.run(folder / "study.yaml", folder / "results")
sorted(path.name for path in results.iterdir())

# %% [markdown]
# ## Read the tables
#
# Each mechanism has a row without and a row with adjustment for the cells. The claim needs both.

# %%
table = pd.read_csv(results / "tables" / "effects.csv")
primary = table[(table["kind"] == "signature") & (table["method"] == "singscore")]
wide = primary.pivot_table(index="signature", columns="adjustment", values="estimate")
claims = primary[primary["adjustment"] == "none"].set_index("signature")["claim"].dropna()
story = wide.join(claims, how="inner").join(truth.set_index("signature")["truth"])
story.sort_values(["claim", "none"]).round(2)

# %%
pd.crosstab(story["truth"], story["claim"])

# %% [markdown]
# What was regulated is `supported`. What the macrophages brought is `explained by composition` or
# `not separable from composition`: no evidence beyond the number of cells, which is not the same as
# no mechanism, for an influx of cells may itself be the way to resorption. Of what is null, nothing
# is supported.

# %%
supported = story.index[story["claim"].str.startswith("supported")]
assert set(supported) == set(truth.loc[truth["truth"] == "regulated", "signature"])
