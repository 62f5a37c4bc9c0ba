// One QApplication for all window tests, without a display and away from the user's settings.
#include <gmock/gmock.h>

#include <QApplication>
#include <QSettings>
#include <QStandardPaths>
#include <QTemporaryDir>

int main(int argc, char** argv) {
  if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  QTemporaryDir home;
  if (!home.isValid()) return 1;
  qputenv("XDG_CONFIG_HOME", home.path().toUtf8());
  QStandardPaths::setTestModeEnabled(true);
  QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, home.path());
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, home.path());
  QApplication app(argc, argv);
  QCoreApplication::setOrganizationName("MoEscope");
  QCoreApplication::setApplicationName("MoEscope");
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
