# TMM factors of edgeR for simulated counts with a shift of composition; writes tmm_*.csv here.
suppressMessages(library(edgeR))
set.seed(5)
g <- 2000
mu <- rgamma(g, 0.7, 0.01) + 0.2
depth <- c(1, 0.5, 2, 1.3, 0.8, 4)
counts <- sapply(depth, function(d) rnbinom(g, mu = mu * d, size = 5))
counts[1:200, 4:6] <- rnbinom(600, mu = rep(mu[1:200] * 20, 3), size = 5)
counts[1990:2000, ] <- 0
colnames(counts) <- paste0("s", 1:6)
small <- counts
small[, 2] <- rpois(g, 0.4 * mu / 3)   # few counts, many ties
write.csv(counts, "tmm_counts.csv", row.names = FALSE, quote = FALSE)
write.csv(small, "tmm_sparse.csv", row.names = FALSE, quote = FALSE)
out <- data.frame(
  sample = colnames(counts),
  counts = calcNormFactors(counts, method = "TMM"),
  sparse = calcNormFactors(small, method = "TMM")
)
out[, 2:3] <- lapply(out[, 2:3], function(x) sprintf("%.12g", x))
write.csv(out, "tmm_factors.csv", row.names = FALSE, quote = FALSE)
