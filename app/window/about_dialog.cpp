#include "app/window/about_dialog.h"

#include <fmt/core.h>
#include <sqlite3.h>
#include <zlib.h>

#include <CLI/Version.hpp>
#include <QCoreApplication>
#include <QDialogButtonBox>
#include <QHBoxLayout>
#include <QIcon>
#include <QLabel>
#include <QTextBrowser>
#include <QVBoxLayout>
#include <nlohmann/json.hpp>

namespace moescope {
namespace {

struct Library {
  QString name, version, licence, use;
};

QList<Library> libraries() {
  const auto tr = [](const char* text) { return AboutDialog::tr(text); };
  const QString fmt_version = QStringLiteral("%1.%2.%3")
                                  .arg(FMT_VERSION / 10000)
                                  .arg(FMT_VERSION / 100 % 100)
                                  .arg(FMT_VERSION % 100);
  const QString json_version = QStringLiteral("%1.%2.%3")
                                   .arg(NLOHMANN_JSON_VERSION_MAJOR)
                                   .arg(NLOHMANN_JSON_VERSION_MINOR)
                                   .arg(NLOHMANN_JSON_VERSION_PATCH);
  return {
      {"Qt", qVersion(), "LGPL-3.0", tr("window, SVG and PDF")},
      {"QCustomPlot", "2.1", "GPL-3.0-or-later", tr("axes and layers of the timeline")},
      {"SQLite", sqlite3_libversion(), tr("public domain"), tr("trace files and queries")},
      {"JSON for Modern C++", json_version, "MIT", tr("rules, results, arguments")},
      {"RE2", "", "BSD-3-Clause", tr("patterns of the rules")},
      {"fmt", fmt_version, "MIT", tr("text")},
      {"CLI11", CLI11_VERSION, "BSD-3-Clause", tr("command line")},
      {"zlib", zlibVersion(), "Zlib", tr("gzip traces")},
      {"Breeze icons", "5.103", "LGPL-3.0-or-later", tr("icons")},
      {"Zstandard", "", "BSD-3-Clause", tr("columns of traces")},
  };
}

QString library_table() {
  QString html = QStringLiteral("<table cellspacing=\"0\" cellpadding=\"3\">");
  for (const Library& library : libraries())
    html += QString("<tr><td>%1 %2</td><td>%3</td><td>%4</td></tr>")
                .arg(library.name, library.version, library.licence, library.use);
  return html + "</table>";
}

}  // namespace

AboutDialog::AboutDialog(QWidget* parent) : QDialog(parent) {
  setObjectName("aboutDialog");
  setWindowTitle(tr("About MoEscope"));
  auto* icon = new QLabel(this);
  icon->setPixmap(QIcon(":/moescope.svg").pixmap(96, 96));
  icon->setAlignment(Qt::AlignTop);
  auto* title =
      new QLabel(tr("<h2>MoEscope %1</h2>").arg(QCoreApplication::applicationVersion()), this);
  auto* text = new QTextBrowser(this);
  text->setObjectName("aboutText");
  text->setOpenExternalLinks(true);
  text->setFrameShape(QFrame::NoFrame);
  text->setHtml(
      tr("<p>Where did the step time go, which experts are hot, what happens if they move.</p>"
         "<p>MoEscope is free software under the GNU General Public License, version 3 or later, "
         "without any warranty. See <a "
         "href=\"https://www.gnu.org/licenses/gpl-3.0.html\">gnu.org/licenses</a>.</p>"
         "<p>It is built with:</p>") +
      library_table());
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  auto* column = new QVBoxLayout;
  column->addWidget(title);
  column->addWidget(text, 1);
  auto* top = new QHBoxLayout;
  top->addWidget(icon);
  top->addLayout(column, 1);
  auto* layout = new QVBoxLayout(this);
  layout->addLayout(top, 1);
  layout->addWidget(buttons);
  resize(620, 480);
}

}  // namespace moescope
