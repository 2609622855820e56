# Draws every input of this folder. Values have at most 6 decimals, so that R and Python read the
# same doubles; no two values of a sample, and no two of a gene, are equal.
RNGversion("4.2.0")

digits6 <- function(x) formatC(round(x, 6), digits = 6, format = "f")
write_plain <- function(table, file) {
  numeric <- vapply(table, is.double, logical(1))
  table[numeric] <- lapply(table[numeric], digits6)
  write.csv(table, file, row.names = FALSE, quote = FALSE)
}

# --- 300 genes x 12 samples, and 6 sets of 3 to 60 genes ---------------------------------------
set.seed(101)
genes <- sprintf("G%03d", 1:300)
samples <- sprintf("S%02d", 1:12)
level <- runif(300, 2, 12)
spread <- rgamma(300, 4, 5)
x <- round(level + spread * matrix(rnorm(3600), 300), 6)
dimnames(x) <- list(genes, samples)
stopifnot(!any(apply(x, 2, anyDuplicated)), !any(apply(x, 1, anyDuplicated)))
write_plain(data.frame(gene = genes, x), "expression.csv")

sizes <- c(set_03 = 3, set_05 = 5, set_10 = 10, set_20 = 20, set_40 = 40, set_60 = 60)
members <- lapply(sizes, function(size) sample(genes, size))
write.csv(
  data.frame(set = rep(names(sizes), sizes), gene = unlist(members)),
  "gene_sets.csv", row.names = FALSE, quote = FALSE
)

# --- five scores of the samples of four designs ------------------------------------------------
# Shift and scale in the target group differ from score to score: y1 null, y5 strong.
scores <- function(target, sd_ratio, base = 0) {
  n <- length(target)
  shift <- c(0, 0.3, 0.8, 1.5, 3)
  y <- vapply(shift, function(d) {
    base + rnorm(n, sd = ifelse(target, sd_ratio, 1)) + d * target
  }, numeric(n))
  colnames(y) <- paste0("y", 1:5)
  as.data.frame(y)
}
group_of <- function(n_target, n_reference) {
  rep(c("resorbing", "non_resorbing"), c(n_target, n_reference))
}
people <- function(n) {
  data.frame(age = sample(25:70, n, TRUE), sex = sample(rep(c("f", "m"), n)[1:n]))
}
design <- function(file, group, extra, y) {
  id <- sprintf("D%02d", seq_along(group))
  write_plain(data.frame(sample = id, group = group, extra, y), file)
}

set.seed(102)  # Welch: 5 against 12, twice the SD in the smaller group
group <- group_of(5, 12)
design("unequal.csv", group, people(17), scores(group == "resorbing", 2))

set.seed(103)  # a batch factor of three levels, unbalanced over the groups
group <- group_of(11, 13)
batch <- c(rep(c("b1", "b2", "b3"), c(5, 4, 2)), rep(c("b1", "b2", "b3"), c(3, 4, 6)))
base <- c(b1 = 0, b2 = 1, b3 = -0.5)[batch]
design(
  "batches.csv", group, data.frame(people(24), batch = batch),
  scores(group == "resorbing", 1, base)
)

set.seed(104)  # 8 donors, both groups each; `hours` differs within a donor
group <- rep(c("resorbing", "non_resorbing"), 8)
pair <- rep(sprintf("P%d", 1:8), each = 2)
hours <- data.frame(pair = pair, hours = round(runif(16, 1, 9), 1))
design("pairs.csv", group, hours, scores(group == "resorbing", 1, rep(rnorm(8, sd = 2), each = 2)))

set.seed(105)  # 6 against 14 with covariates: HC2 / Bell-McCaffrey
group <- group_of(6, 14)
design("unbalanced.csv", group, people(20), scores(group == "resorbing", 1.7))

# --- 200 genes x 12 samples, 6 against 6: variances that fall with the mean, as counts' do ------
set.seed(106)
level <- runif(200, 1, 13)
sigma <- (0.25 + 2 / level) * sqrt(5 / rchisq(200, 5))
x <- level + sigma * matrix(rnorm(2400), 200)
x[1:20, 1:6] <- x[1:20, 1:6] + 1.5
dimnames(x) <- list(sprintf("G%03d", 1:200), sprintf("S%02d", 1:12))
write_plain(data.frame(gene = rownames(x), round(x, 6)), "limma_expression.csv")
write_plain(
  data.frame(
    sample = colnames(x), target = rep(1:0, each = 6),
    age = as.integer(c(31, 45, 52, 38, 60, 34, 35, 50, 41, 58, 67, 39))
  ),
  "limma_samples.csv"
)
