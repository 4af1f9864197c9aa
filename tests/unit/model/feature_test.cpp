#include <gtest/gtest.h>

#include <mpibatch/model/feature.hpp>

namespace mpibatch::model {
namespace {

TEST(HostPattern, IsAName) {
  EXPECT_TRUE(host_matches("login", "login"));
  EXPECT_FALSE(host_matches("login", "login2"));
  EXPECT_FALSE(host_matches("login2", "login"));
}

TEST(HostPattern, HoldsRanges) {
  EXPECT_TRUE(host_matches("gpu[1-4,7]", "gpu1"));
  EXPECT_TRUE(host_matches("gpu[1-4,7]", "gpu4"));
  EXPECT_TRUE(host_matches("gpu[1-4,7]", "gpu7"));
  EXPECT_FALSE(host_matches("gpu[1-4,7]", "gpu5"));
  EXPECT_FALSE(host_matches("gpu[1-4,7]", "gpu"));
  EXPECT_FALSE(host_matches("gpu[1-4,7]", "gpu11"));
  EXPECT_TRUE(host_matches("gpu[8-12]", "gpu10"));
}

TEST(HostPattern, CountsLeadingZeros) {
  EXPECT_TRUE(host_matches("n[07-12]", "n07"));
  EXPECT_TRUE(host_matches("n[07-12]", "n12"));
  EXPECT_FALSE(host_matches("n[07-12]", "n7"));
  EXPECT_FALSE(host_matches("n[07-12]", "n007"));
  EXPECT_FALSE(host_matches("n[1-12]", "n07"));
  EXPECT_TRUE(host_matches("n[098-102]", "n100"));
  EXPECT_TRUE(host_matches("n[08-102]", "n100"));
  EXPECT_TRUE(host_matches("n[0-2]", "n0"));
}

TEST(HostPattern, HasSeveralBracketsAndTextBehind) {
  EXPECT_TRUE(host_matches("r[1-2]n[01-16]-ib", "r2n09-ib"));
  EXPECT_FALSE(host_matches("r[1-2]n[01-16]-ib", "r2n09"));
  EXPECT_FALSE(host_matches("r[1-2]n[01-16]-ib", "r3n09-ib"));
  EXPECT_TRUE(host_matches("n[1-2][0-9]", "n19"));
  EXPECT_TRUE(host_matches("n[1-12][0-9]", "n123"));
}

TEST(HostPattern, IsTriedOnTheNameUpToItsFirstDotAsWell) {
  EXPECT_TRUE(host_matches("gpu[1-4]", "gpu2.cluster.example"));
  EXPECT_TRUE(host_matches("gpu2.cluster.example", "gpu2.cluster.example"));
  EXPECT_FALSE(host_matches("gpu2.other.example", "gpu2.cluster.example"));
}

TEST(HostPattern, ManyBracketsTakeNoTimeToSpeakOf) {
  std::string pattern = "n";
  for (int i = 0; i < 60; ++i) pattern += "[0-999999999]";
  EXPECT_FALSE(host_matches(pattern, "n" + std::string(200, '1') + "x"));
}

TEST(HostPattern, FaultsAreNamed) {
  for (const char* good : {"a", "gpu[1-4,07-12]", "a[1]b[2]", "node-7.example"})
    EXPECT_EQ(host_pattern_fault(good), "") << good;
  for (const char* bad : {"", "a[", "a]", "a[]", "a[1", "a[x]", "a[1-]", "a[4-1]", "a[1,]", "a,b",
                          "a b", "a[1-2-3]", "a[1234567890]", "a[[1]]"}) {
    EXPECT_NE(host_pattern_fault(bad), "") << bad;
    EXPECT_FALSE(host_matches(bad, bad)) << bad;
  }
}

TEST(Feature, IsAWord) {
  const std::vector<std::string> features{"cpu:zen4", "fast", "gpuMemoryMiB=40960"};
  EXPECT_TRUE(has_feature(features, "fast"));
  EXPECT_TRUE(has_feature(features, "cpu:zen4"));
  EXPECT_FALSE(has_feature(features, "cpu:zen"));
  EXPECT_FALSE(has_feature(features, "slow"));
}

TEST(Feature, ComparesNumbers) {
  const std::vector<std::string> features{"gpuMemoryMiB=40960", "numa:2"};
  EXPECT_TRUE(has_feature(features, "gpuMemoryMiB>=40000"));
  EXPECT_TRUE(has_feature(features, "gpuMemoryMiB>=40960"));
  EXPECT_FALSE(has_feature(features, "gpuMemoryMiB>=40961"));
  EXPECT_TRUE(has_feature(features, "gpuMemoryMiB<=40960"));
  EXPECT_FALSE(has_feature(features, "gpuMemoryMiB<=16384"));
  EXPECT_TRUE(has_feature(features, "gpuMemoryMiB=40960.0"));
  EXPECT_FALSE(has_feature(features, "gpuMemory>=1"));
  EXPECT_FALSE(has_feature(features, "numa>=1"));
  EXPECT_FALSE(has_feature({"n=many"}, "n>=1"));
}

TEST(Feature, AllWishesCount) {
  const std::vector<std::string> features{"a", "b"};
  EXPECT_TRUE(has_features(features, {}));
  EXPECT_TRUE(has_features(features, {"a", "b"}));
  EXPECT_FALSE(has_features(features, {"a", "c"}));
}

TEST(Feature, FaultsOfAWishAreNamed) {
  for (const char* good : {"a", "gpu:a100", "n>=1", "n<=1.5", "n=-1"})
    EXPECT_EQ(feature_wish_fault(good), "") << good;
  for (const char* bad : {"", "a b", "a,b", "n>1", "n<1", ">=1", "n>=", "n>=x", "os=linux", "n>>=1",
                          "a<b>=1", "n==1"})
    EXPECT_NE(feature_wish_fault(bad), "") << bad;
}

}  // namespace
}  // namespace mpibatch::model
